// Purpose: a picture of a question: what it asks about, the personas that it needs, its answers and their standpoints.
// Parameters: id (required), limit = 30 (paths of each kind)
// Columns: path
MATCH path = (:Question {id: $id})-[:ASKS_ABOUT|POSED_BY]->(other)
RETURN path
ORDER BY other.id
LIMIT $limit
UNION ALL
MATCH path = (:Question {id: $id})<-[:ANSWERS]-(knowledge:Knowledge)-[:DISTILLED_FROM]->(persona:Persona)
RETURN path
ORDER BY knowledge.id, persona.id
LIMIT $limit
