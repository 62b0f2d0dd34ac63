// Purpose: a picture of the groups: each with its largest domains, and coarser groups with the groups in them.
// A path leads from a domain through its group to the coarsest group; the domains with most personas come first.
// Parameters: limit = 60 (domains)
// Columns: path
MATCH (domain:Domain)
WHERE EXISTS { (domain)-[:IN_GROUP]->(:DomainGroup) }
WITH domain, COUNT { (domain)<-[:IN_DOMAIN]-(:Persona) } AS personas
ORDER BY personas DESC, domain.id
LIMIT $limit
MATCH path = (domain)-[:IN_GROUP*1..9]->(top:DomainGroup)
WHERE NOT EXISTS { (top)-[:IN_GROUP]->(:DomainGroup) }
RETURN path
