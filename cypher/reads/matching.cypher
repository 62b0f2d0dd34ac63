// Every persona with what tells duplicates: text and age, role, the mark it has, how often it was seen; unordered.
// A persona that two writers marked comes once for each mark.
// Columns: id, text, role (canonical), said (the role before it was joined to another, null: the same), language, created, domain,
//          survivor (null: it is one itself), method, score, sightings, imports (rows),
//          call (one that named it), others (whether another did too)
MATCH (p:Persona)
WITH p, [(p)-[seen:DERIVED_FROM]->() | seen.call] AS calls
OPTIONAL MATCH (p)-[:IN_DOMAIN]->(d:Domain)
OPTIONAL MATCH (p)-[m:DUPLICATE_OF]->(s:Persona)
RETURN p.id AS id, p.text AS text, p.role AS role, p.role_as_said AS said, p.language AS language, p.created AS created,
       d.id AS domain, s.id AS survivor, m.method AS method, m.score AS score,
       reduce(n = 0, times IN [(p)-[seen:DERIVED_FROM]->() | coalesce(seen.times, 1)] | n + times) AS sightings,
       COUNT { (p)-[:IMPORTED_BY]->(:Run) } AS imports, calls[0] AS call, any(call IN calls WHERE call <> calls[0]) AS others
