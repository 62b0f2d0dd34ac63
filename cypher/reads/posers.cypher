// The personas of every question; unordered.
// Columns: question, persona
MATCH (q:Question)-[:POSED_BY]->(p:Persona)
RETURN DISTINCT q.id AS question, p.id AS persona
