// Purpose: remove the groups that no domain is in any more; one that questions are about stays.
// Rows: one row, any
UNWIND $rows AS row
MATCH (group:DomainGroup)
WHERE NOT EXISTS { (:Domain)-[:IN_GROUP]->(group) } AND NOT EXISTS { (:Question)-[:ASKS_ABOUT]->(group) }
DETACH DELETE group
