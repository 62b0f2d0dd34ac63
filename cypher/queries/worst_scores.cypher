// Purpose: the personas, questions and answers with the lowest scores of a judge, with the reason.
// Parameters: limit = 20
// Columns: score, kind, id, text, reason, marked
MATCH (:Run)-[:JUDGED]->(item) WHERE item.score IS NOT NULL
WITH DISTINCT item
RETURN item.score AS score, labels(item)[0] AS kind, item.id AS id, item.text AS text, item.score_reason AS reason,
       coalesce(item.marked, false) AS marked
ORDER BY score, id LIMIT $limit
