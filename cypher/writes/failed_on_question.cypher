// Purpose: answers to questions that cannot be used, with the reason.
// Rows: {run, about, call, props: {reason, at, times, paid, mode}}
UNWIND $rows AS row
MATCH (run:Run {id: row.run})
MATCH (about:Question {id: row.about})
MERGE (run)-[failure:FAILED_ON {call: row.call}]->(about)
ON CREATE SET failure += row.props
