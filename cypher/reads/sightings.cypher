// Every sighting that a model call made; unordered.
// Columns: persona, source, relation (null for both: the source is a text), text, stance (null where it is none), times, run,
//          call, void (the call named a region in which its answers were to land)
MATCH (p:Persona)-[d:DERIVED_FROM]->(s:Persona)
RETURN p.id AS persona, s.id AS source, d.relation AS relation, null AS text, null AS stance,
       coalesce(d.times, 1) AS times, d.run AS run, d.call AS call,
       coalesce(d.void, false) AS void
UNION ALL
MATCH (p:Persona)-[d:DERIVED_FROM]->(t:Text)
RETURN p.id AS persona, null AS source, null AS relation, t.id AS text, d.stance AS stance,
       coalesce(d.times, 1) AS times, d.run AS run, d.call AS call, false AS void
