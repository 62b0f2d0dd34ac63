// A page of the personas of some domains, the nearest to the seeds first; duplicates are left out.
// Parameters: domains, depth (-1: any), relation ('': any; else those that came along it), run ('': any; else new in it),
//             language ('': any), least, below (of the score; null: any), skip, limit
// Columns: id, role, text (its beginning), depth, domain (label)
UNWIND $domains AS id
MATCH (d:Domain {id: id})<-[:IN_DOMAIN]-(p:Persona)
WHERE ($depth < 0 OR p.depth = $depth) AND ($run = '' OR p.run = $run) AND ($language = '' OR p.language = $language)
  AND ($least IS NULL OR p.score >= $least) AND ($below IS NULL OR p.score < $below)
  AND ($relation = '' OR EXISTS { MATCH (p)-[s:DERIVED_FROM]->(:Persona) WHERE s.relation = $relation })
  AND COUNT { (p)-[:DUPLICATE_OF]->(:Persona) } = 0
WITH p, d ORDER BY p.depth, p.id SKIP $skip LIMIT $limit
RETURN p.id AS id, p.role AS role, left(p.text, 300) AS text, p.depth AS depth, d.label AS domain
ORDER BY depth, id
