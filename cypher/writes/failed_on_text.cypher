// Purpose: calls about a text that brought nothing, with the reason; one that the server never answered may be mended.
// Rows: {run, text, call, props: {stance, reason, at, times, paid}}
UNWIND $rows AS row
MATCH (run:Run {id: row.run})
MATCH (text:Text {id: row.text})
MERGE (run)-[failure:FAILED_ON {call: row.call}]->(text)
SET failure += row.props
