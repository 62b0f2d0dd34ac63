// Purpose: questions; one that is there already keeps what it has.
// Rows: {id, props: {text, kind, topic, level, language, context, run, call, created, …}}
UNWIND $rows AS row
MERGE (question:Question {id: row.id})
ON CREATE SET question += row.props
