// Personas with these letters in their text or role, and those of domains that have them; duplicates too; unordered, the
// first that are found. Reads every persona where few have them.
// Parameters: letters (in lower case), depth (-1: any), relation ('': any; else those that came along it), run ('': any; else new in it),
//             language ('': any), least, below (of the score; null: any),
//             regions (ids; null: any), limit (of each kind)
// Columns: id, role, text (its beginning), depth, domain (label)
MATCH (p:Persona)
WHERE (toLower(p.text) CONTAINS $letters OR toLower(coalesce(p.role, '')) CONTAINS $letters)
  AND ($depth < 0 OR p.depth = $depth) AND ($run = '' OR p.run = $run) AND ($language = '' OR p.language = $language)
  AND ($least IS NULL OR p.score >= $least) AND ($below IS NULL OR p.score < $below)
  AND ($relation = '' OR EXISTS { MATCH (p)-[s:DERIVED_FROM]->(:Persona) WHERE s.relation = $relation })
OPTIONAL MATCH (p)-[:IN_DOMAIN]->(d:Domain)
OPTIONAL MATCH (d)-[:IN_GROUP]->(g:DomainGroup)
WITH p, d, coalesce(g.id, d.id, '') AS region
WHERE $regions IS NULL OR region IN $regions
WITH p, d LIMIT $limit
RETURN p.id AS id, p.role AS role, left(p.text, 300) AS text, p.depth AS depth, d.label AS domain
UNION
MATCH (d:Domain)<-[:IN_DOMAIN]-(p:Persona)
WHERE toLower(d.label) CONTAINS $letters AND ($depth < 0 OR p.depth = $depth) AND ($run = '' OR p.run = $run) AND ($language = '' OR p.language = $language)
  AND ($least IS NULL OR p.score >= $least) AND ($below IS NULL OR p.score < $below)
  AND ($relation = '' OR EXISTS { MATCH (p)-[s:DERIVED_FROM]->(:Persona) WHERE s.relation = $relation })
OPTIONAL MATCH (d)-[:IN_GROUP]->(g:DomainGroup)
WITH p, d, coalesce(g.id, d.id) AS region
WHERE $regions IS NULL OR region IN $regions
RETURN p.id AS id, p.role AS role, left(p.text, 300) AS text, p.depth AS depth, d.label AS domain
LIMIT $limit
