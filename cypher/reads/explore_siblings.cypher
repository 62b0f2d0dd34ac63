// Whom else the calls named that named a persona.
// Parameters: id, limit
// Columns: call, id, role, text (its beginning)
MATCH (:Persona {id: $id})-[d:DERIVED_FROM]->(s:Persona)<-[e:DERIVED_FROM]-(o:Persona)
WHERE e.call = d.call AND o.id <> $id
RETURN DISTINCT d.call AS call, o.id AS id, o.role AS role, left(o.text, 300) AS text
ORDER BY call, id LIMIT $limit
