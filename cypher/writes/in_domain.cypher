// Purpose: put personas into domains; one that has a domain keeps it.
// Rows: {persona, domain, by}
UNWIND $rows AS each
WITH each.persona AS key, collect(each)[0] AS row
MATCH (persona:Persona {id: key})
WHERE NOT EXISTS { (persona)-[:IN_DOMAIN]->(:Domain) }
MATCH (domain:Domain {id: row.domain})
MERGE (persona)-[link:IN_DOMAIN]->(domain)
ON CREATE SET link.by = row.by
