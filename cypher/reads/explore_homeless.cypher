// As explore_people, of the personas without a domain.
// Parameters: depth (-1: any), relation ('': any; else those that came along it), run ('': any; else new in it),
//             language ('': any), least, below (of the score; null: any), skip, limit
// Columns: id, role, text (its beginning), depth, domain (null)
MATCH (p:Persona)
WHERE ($depth < 0 OR p.depth = $depth) AND ($run = '' OR p.run = $run) AND ($language = '' OR p.language = $language)
  AND ($least IS NULL OR p.score >= $least) AND ($below IS NULL OR p.score < $below)
  AND ($relation = '' OR EXISTS { MATCH (p)-[s:DERIVED_FROM]->(:Persona) WHERE s.relation = $relation })
  AND NOT EXISTS { (p)-[:IN_DOMAIN]->(:Domain) } AND NOT EXISTS { (p)-[:DUPLICATE_OF]->(:Persona) }
RETURN p.id AS id, p.role AS role, left(p.text, 300) AS text, p.depth AS depth, null AS domain
ORDER BY depth, id
SKIP $skip LIMIT $limit
