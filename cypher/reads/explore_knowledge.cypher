// The answers that a persona speaks in.
// Parameters: id, limit
// Columns: id, text (its beginning), question, contribution
MATCH (:Persona {id: $id})<-[d:DISTILLED_FROM]-(k:Knowledge)-[:ANSWERS]->(q:Question)
RETURN k.id AS id, left(k.text, 1000) AS text, q.text AS question, d.contribution AS contribution
ORDER BY id LIMIT $limit
