// The personas that say the same: which one counts for it (survivor), which ones it counts for (duplicate).
// Parameters: id, limit (each way)
// Columns: way, id, role, text (its beginning), method, score
MATCH (:Persona {id: $id})-[m:DUPLICATE_OF]->(o:Persona)
RETURN 'survivor' AS way, o.id AS id, o.role AS role, left(o.text, 300) AS text, m.method AS method, m.score AS score
ORDER BY id LIMIT $limit
UNION ALL
MATCH (:Persona {id: $id})<-[m:DUPLICATE_OF]-(o:Persona)
RETURN 'duplicate' AS way, o.id AS id, o.role AS role, left(o.text, 300) AS text, m.method AS method, m.score AS score
ORDER BY id LIMIT $limit
