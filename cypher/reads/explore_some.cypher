// Of some personas those that the filters leave; unordered.
// Parameters: ids, depth (-1: any), relation ('': any; else those that came along it), run ('': any; else new in it),
//             language ('': any), least, below (of the score; null: any), regions (ids; null: any)
// Columns: id, role, text (its beginning), depth, domain (label)
UNWIND $ids AS one
MATCH (p:Persona {id: one})
WHERE ($depth < 0 OR p.depth = $depth) AND ($run = '' OR p.run = $run) AND ($language = '' OR p.language = $language)
  AND ($least IS NULL OR p.score >= $least) AND ($below IS NULL OR p.score < $below)
  AND ($relation = '' OR EXISTS { MATCH (p)-[s:DERIVED_FROM]->(:Persona) WHERE s.relation = $relation })
OPTIONAL MATCH (p)-[:IN_DOMAIN]->(d:Domain)
OPTIONAL MATCH (d)-[:IN_GROUP]->(g:DomainGroup)
WITH p, d, coalesce(g.id, d.id, '') AS region
WHERE $regions IS NULL OR region IN $regions
RETURN p.id AS id, p.role AS role, left(p.text, 300) AS text, p.depth AS depth, d.label AS domain
