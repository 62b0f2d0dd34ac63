// Every answer, as far as it tells which questions are answered; unordered.
// Columns: question, mode, language, context, reask (a judge sent the question back)
MATCH (k:Knowledge)-[:ANSWERS]->(q:Question)
RETURN q.id AS question, k.mode AS mode, k.language AS language, k.context AS context, k.reask AS reask
