// Purpose: put groups into coarser ones; each is in at most one, the one named last; the parent '' takes it out of any.
// Rows: {group, parent}
UNWIND $rows AS each
WITH each.group AS key, collect(each)[-1] AS row
MATCH (group:DomainGroup {id: key})
OPTIONAL MATCH (group)-[old:IN_GROUP]->(other:DomainGroup) WHERE other.id <> row.parent
DELETE old
WITH DISTINCT row, group
MATCH (parent:DomainGroup {id: row.parent})
MERGE (group)-[:IN_GROUP]->(parent)
