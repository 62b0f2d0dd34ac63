// Whether there is any question.
// Columns: id
MATCH (q:Question)
RETURN q.id AS id LIMIT 1
