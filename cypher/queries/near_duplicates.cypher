// Purpose: personas marked as duplicates although their texts differ, the most doubtful first.
// Parameters: limit = 50
// Columns: id, text, survivor, survivor_text, method, score
MATCH (persona:Persona)-[link:DUPLICATE_OF]->(survivor:Persona)
RETURN persona.id AS id, persona.text AS text, survivor.id AS survivor, survivor.text AS survivor_text,
       link.method AS method, link.score AS score
ORDER BY score, id
LIMIT $limit
