// Purpose: personas without any relationship, those nearest to the seeds first.
// Parameters: limit = 20
// Columns: id, text, role, depth
MATCH (persona:Persona)
WHERE NOT EXISTS { (persona)-[:RELATED_TO]-(:Persona) } AND NOT EXISTS { (persona)-[:DUPLICATE_OF]->(:Persona) }
RETURN persona.id AS id, persona.text AS text, persona.role AS role, persona.depth AS depth
ORDER BY depth, id
LIMIT $limit
