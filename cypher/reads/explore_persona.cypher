// One persona and where it belongs.
// Parameters: id
// Columns: id, text, role, said (the role before it was joined to another), depth, language, run, score, reason, marked, domain, domain_label,
//          region (group, else domain, else ''), region_label
MATCH (p:Persona {id: $id})
OPTIONAL MATCH (p)-[:IN_DOMAIN]->(d:Domain)
OPTIONAL MATCH (d)-[:IN_GROUP]->(g:DomainGroup)
RETURN p.id AS id, p.text AS text, p.role AS role, p.role_as_said AS said, p.depth AS depth, p.language AS language, p.run AS run,
       p.score AS score, p.score_reason AS reason, coalesce(p.marked, false) AS marked, d.id AS domain, d.label AS domain_label,
       coalesce(g.id, d.id, '') AS region, coalesce(g.label, d.label, '(no domain)') AS region_label
LIMIT 1
