// Purpose: how many personas there are at each number of hops from the nearest seed.
// Columns: depth, personas, duplicates (how many of these are marked as duplicates)
MATCH (persona:Persona)
OPTIONAL MATCH (persona)-[:DUPLICATE_OF]->(kept:Persona)
RETURN persona.depth AS depth, count(persona) AS personas, count(kept) AS duplicates
ORDER BY depth
