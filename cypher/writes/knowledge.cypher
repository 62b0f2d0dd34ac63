// Purpose: answers, each with the question it answers. One that comes again, word for word, is not asked for once more.
// Rows: {id, question, props: {text, mode, language, context, run, call, created, …}}
UNWIND $rows AS row
MATCH (question:Question {id: row.question})
MERGE (knowledge:Knowledge {id: row.id})
ON CREATE SET knowledge += row.props
SET knowledge.reask = null
MERGE (knowledge)-[:ANSWERS]->(question)
