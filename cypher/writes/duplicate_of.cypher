// Purpose: mark duplicates; each points at exactly one survivor, the one named last.
// Rows: {persona, survivor, method, score}
UNWIND $rows AS each
WITH each.persona AS key, collect(each)[-1] AS row
MATCH (persona:Persona {id: key})
MATCH (survivor:Persona {id: row.survivor})
OPTIONAL MATCH (persona)-[old:DUPLICATE_OF]->(other:Persona) WHERE other.id <> row.survivor
DELETE old
WITH DISTINCT row, persona, survivor
MERGE (persona)-[link:DUPLICATE_OF]->(survivor)
SET link.method = row.method, link.score = row.score
