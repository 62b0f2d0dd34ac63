// Purpose: the groups and the coarser groups that contain them, the coarsest first; `pgraph group --levels 2` makes these.
// Level 1 holds domains. Duplicates are not counted.
// Parameters: level = 0 (only this level; 0 for all)
// Columns: level, id, label, parent, parent_label, domains, personas
MATCH (group:DomainGroup)
WHERE $level = 0 OR coalesce(group.level, 1) = $level
OPTIONAL MATCH (group)-[:IN_GROUP]->(parent:DomainGroup)
OPTIONAL MATCH (domain:Domain)-[:IN_GROUP*1..9]->(group)
OPTIONAL MATCH (persona:Persona)-[:IN_DOMAIN]->(domain) WHERE NOT EXISTS { (persona)-[:DUPLICATE_OF]->(:Persona) }
RETURN coalesce(group.level, 1) AS level, group.id AS id, group.label AS label, parent.id AS parent,
       parent.label AS parent_label, count(DISTINCT domain) AS domains, count(DISTINCT persona) AS personas
ORDER BY level DESC, personas DESC, id
