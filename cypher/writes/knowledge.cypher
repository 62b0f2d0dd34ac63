// Purpose: answers, each with the question it answers.
// Rows: {id, question, props: {text, mode, language, context, run, call, created, …}}
UNWIND $rows AS row
MATCH (question:Question {id: row.question})
MERGE (knowledge:Knowledge {id: row.id})
ON CREATE SET knowledge += row.props
MERGE (knowledge)-[:ANSWERS]->(question)
