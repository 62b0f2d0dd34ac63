// Purpose: remove the groups that no domain is in any more.
// Rows: one row, any
UNWIND $rows AS row
MATCH (group:DomainGroup)
WHERE NOT EXISTS { (:Domain)-[:IN_GROUP]->(group) }
DETACH DELETE group
