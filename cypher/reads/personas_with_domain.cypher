// Survivors with their domain; unordered.
// Columns: id, text, domain
MATCH (p:Persona)-[:IN_DOMAIN]->(d:Domain) WHERE NOT EXISTS { (p)-[:DUPLICATE_OF]->(:Persona) }
RETURN p.id AS id, p.text AS text, d.id AS domain
