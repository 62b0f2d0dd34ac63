// Who is related to a persona: the other is its <kind> (out), or it is the other's <kind> (in).
// Parameters: id, limit (each way)
// Columns: way, kind, id, role, text (its beginning)
MATCH (:Persona {id: $id})-[r:RELATED_TO]->(o:Persona)
RETURN 'out' AS way, r.kind AS kind, o.id AS id, o.role AS role, left(o.text, 300) AS text
ORDER BY kind, id LIMIT $limit
UNION ALL
MATCH (:Persona {id: $id})<-[r:RELATED_TO]-(o:Persona)
RETURN 'in' AS way, r.kind AS kind, o.id AS id, o.role AS role, left(o.text, 300) AS text
ORDER BY kind, id LIMIT $limit
