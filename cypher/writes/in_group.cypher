// Purpose: put domains into groups; each domain is in exactly one, the one named last.
// Rows: {domain, group, by}
UNWIND $rows AS each
WITH each.domain AS key, collect(each)[-1] AS row
MATCH (domain:Domain {id: key})
MATCH (group:DomainGroup {id: row.group})
OPTIONAL MATCH (domain)-[old:IN_GROUP]->(other:DomainGroup) WHERE other.id <> row.group
DELETE old
WITH DISTINCT row, domain, group
MERGE (domain)-[link:IN_GROUP]->(group)
SET link.by = row.by
