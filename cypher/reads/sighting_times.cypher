// Every sighting with when it was and by which run; unordered.
// Columns: persona, call (null for an import), run, at (of an import: when it started), times
MATCH (p:Persona)-[d:DERIVED_FROM]->(:Persona)
RETURN p.id AS persona, d.call AS call, d.run AS run, d.at AS at, coalesce(d.times, 1) AS times
UNION ALL
MATCH (p:Persona)-[d:DERIVED_FROM]->(:Text)
RETURN p.id AS persona, d.call AS call, d.run AS run, d.at AS at, coalesce(d.times, 1) AS times
UNION ALL
MATCH (p:Persona)-[:IMPORTED_BY]->(r:Run)
RETURN p.id AS persona, null AS call, r.id AS run, r.started AS at, 1 AS times
