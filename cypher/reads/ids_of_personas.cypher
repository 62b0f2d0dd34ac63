// Every persona that is no duplicate; unordered.
// Columns: id
MATCH (p:Persona) WHERE NOT EXISTS { (p)-[:DUPLICATE_OF]->(:Persona) }
RETURN p.id AS id
