// The text of every persona that is no duplicate; unordered.
// Columns: id, text
MATCH (p:Persona)
WHERE NOT EXISTS { (p)-[:DUPLICATE_OF]->(:Persona) }
RETURN p.id AS id, p.text AS text
