// The calls and files that named a persona.
// Parameters: id, limit (of each kind)
// Columns: kind (persona, text, file), source (id), name (role, or title of the text, or file and row), relation (or stance),
//          evidence, call, run, command, model, at
MATCH (:Persona {id: $id})-[d:DERIVED_FROM]->(s:Persona)
OPTIONAL MATCH (r:Run {id: d.run})
RETURN 'persona' AS kind, s.id AS source, coalesce(s.role, left(s.text, 80)) AS name, d.relation AS relation, null AS evidence,
       d.call AS call, d.run AS run, r.command AS command, r.model AS model, d.at AS at
ORDER BY call, source LIMIT $limit
UNION ALL
MATCH (:Persona {id: $id})-[d:DERIVED_FROM]->(t:Text)
OPTIONAL MATCH (r:Run {id: d.run})
RETURN 'text' AS kind, t.id AS source, coalesce(t.title, t.source) AS name, d.stance AS relation, d.evidence AS evidence,
       d.call AS call, d.run AS run, r.command AS command, r.model AS model, d.at AS at
ORDER BY call, source LIMIT $limit
UNION ALL
MATCH (:Persona {id: $id})-[i:IMPORTED_BY]->(r:Run)
RETURN 'file' AS kind, null AS source, coalesce(r.file + ':', '') + i.row AS name, null AS relation, null AS evidence,
       null AS call, r.id AS run, r.command AS command, r.model AS model, r.started AS at
ORDER BY name LIMIT $limit
