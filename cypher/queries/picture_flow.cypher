// Purpose: a picture of how an expansion went from group to group: of each pair one persona with whom it did.
// A path leads from the group that was asked about, through its persona and the one derived from it, to the group of that
// one; the pairs with most such personas come first.
// Parameters: limit = 20 (pairs of groups)
// Columns: path
MATCH (from:DomainGroup)<-[:IN_GROUP]-(:Domain)<-[:IN_DOMAIN]-(source:Persona)<-[:DERIVED_FROM]-(persona:Persona)
MATCH (persona)-[:IN_DOMAIN]->(:Domain)-[:IN_GROUP]->(to:DomainGroup)
WHERE from.id <> to.id
WITH from, to, count(persona) AS personas, min(source.id + ' ' + persona.id) AS example
ORDER BY personas DESC, from.id, to.id
LIMIT $limit
WITH from, to, split(example, ' ') AS ids
MATCH path = (from)<-[:IN_GROUP]-(:Domain)<-[:IN_DOMAIN]-(:Persona {id: ids[0]})<-[:DERIVED_FROM]-
             (:Persona {id: ids[1]})-[:IN_DOMAIN]->(:Domain)-[:IN_GROUP]->(to)
RETURN path
