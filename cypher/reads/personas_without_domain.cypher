// Survivors that stand in no domain; unordered.
// Parameters: limit
// Columns: id, text, role
MATCH (p:Persona) WHERE NOT EXISTS { (p)-[:IN_DOMAIN]->(:Domain) } AND NOT EXISTS { (p)-[:DUPLICATE_OF]->(:Persona) }
RETURN p.id AS id, p.text AS text, p.role AS role LIMIT $limit
