// Purpose: how many personas stand how many hops from the nearest seed.
// Columns: depth, personas, duplicates (of them, marked as duplicates)
MATCH (persona:Persona)
OPTIONAL MATCH (persona)-[:DUPLICATE_OF]->(kept:Persona)
RETURN persona.depth AS depth, count(persona) AS personas, count(kept) AS duplicates
ORDER BY depth
