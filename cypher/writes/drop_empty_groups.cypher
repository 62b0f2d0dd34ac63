// Purpose: remove the groups that no domain and no group is in any more; one that questions are about stays.
// Rows: one row, any
UNWIND $rows AS row
MATCH (group:DomainGroup)
WHERE NOT EXISTS { (group)<-[:IN_GROUP]-() } AND NOT EXISTS { (:Question)-[:ASKS_ABOUT]->(group) }
DETACH DELETE group
