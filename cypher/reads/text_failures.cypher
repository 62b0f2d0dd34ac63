// Every paid call about a text that failed; unordered.
// Columns: text, stance, times (answers lost)
MATCH (:Run)-[f:FAILED_ON]->(t:Text) WHERE f.paid
RETURN t.id AS text, f.stance AS stance, coalesce(f.times, 1) AS times
