// The calls that named a persona: what was asked, why, by which run, and what came back.
// Parameters: id, limit (about personas, and again about texts)
// Columns: call, at, kind (persona, text), source (id), name (role, or title of the text), text (the source's, whole), relation (or stance),
//          home (the source's region), toward (label), run (its properties), asked (the properties of ASKED; null where none is kept)
MATCH (:Persona {id: $id})-[d:DERIVED_FROM]->(s:Persona)
WITH d, s ORDER BY d.call, s.id LIMIT $limit
OPTIONAL MATCH (r:Run {id: d.run})
OPTIONAL MATCH (r)-[a:ASKED {call: d.call}]->(s)
OPTIONAL MATCH (s)-[:IN_DOMAIN]->(h:Domain)
OPTIONAL MATCH (h)-[:IN_GROUP]->(g:DomainGroup)
OPTIONAL MATCH (tg:DomainGroup {id: a.toward})
OPTIONAL MATCH (td:Domain {id: a.toward})
RETURN d.call AS call, d.at AS at, 'persona' AS kind, s.id AS source, s.role AS name, s.text AS text, d.relation AS relation,
       coalesce(g.label, h.label, '') AS home, coalesce(tg.label, td.label, a.toward, '') AS toward, properties(r) AS run,
       properties(a) AS asked
UNION ALL
MATCH (:Persona {id: $id})-[d:DERIVED_FROM]->(t:Text)
WITH d, t ORDER BY d.call, t.id LIMIT $limit
OPTIONAL MATCH (r:Run {id: d.run})
OPTIONAL MATCH (r)-[a:ASKED {call: d.call}]->(t)
RETURN d.call AS call, d.at AS at, 'text' AS kind, t.id AS source, coalesce(t.title, t.source) AS name, t.text AS text, d.stance AS relation,
       '' AS home, '' AS toward, properties(r) AS run, properties(a) AS asked
