// Purpose: a picture of how expansion went from group to group, with one example for each pair of groups.
// A path leads from the group of the persona that was asked about, through this persona and the one derived from it, to the
// group of the derived persona. The pairs with most such personas come first.
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
