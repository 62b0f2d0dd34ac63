// Every question; unordered.
// Columns: id
MATCH (q:Question)
RETURN q.id AS id
