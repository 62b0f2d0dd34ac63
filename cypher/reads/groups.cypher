// Every group with the coarser one it is in; unordered.
// Columns: id, label, level, parent, resolution, named_by, members (digest of the domains that it was named for)
MATCH (g:DomainGroup)
OPTIONAL MATCH (g)-[:IN_GROUP]->(h:DomainGroup)
RETURN g.id AS id, g.label AS label, coalesce(g.level, 1) AS level, h.id AS parent, g.resolution AS resolution,
       g.named_by AS named_by, g.members AS members
