// Whether there is any persona at all.
// Columns: id
MATCH (p:Persona) RETURN p.id AS id LIMIT 1
