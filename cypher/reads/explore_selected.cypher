// The personas that the filters leave; duplicates are left out; unordered. Reads every persona.
// Parameters: depth (-1: any), relation ('': any; else those that came along it), run ('': any; else new in it),
//             language ('': any), least, below (of the score; null: any),
//             regions (ids: group, else domain, else ''; null: any)
// Columns: id
MATCH (p:Persona)
WHERE ($depth < 0 OR p.depth = $depth) AND ($run = '' OR p.run = $run) AND ($language = '' OR p.language = $language)
  AND ($least IS NULL OR p.score >= $least) AND ($below IS NULL OR p.score < $below)
  AND ($relation = '' OR EXISTS { MATCH (p)-[s:DERIVED_FROM]->(:Persona) WHERE s.relation = $relation })
  AND NOT EXISTS { (p)-[:DUPLICATE_OF]->(:Persona) }
OPTIONAL MATCH (p)-[:IN_DOMAIN]->(d:Domain)
OPTIONAL MATCH (d)-[:IN_GROUP]->(g:DomainGroup)
WITH p.id AS id, coalesce(g.id, d.id, '') AS region
WHERE $regions IS NULL OR region IN $regions
RETURN DISTINCT id
