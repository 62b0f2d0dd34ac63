// Purpose: calls for a domain that brought nothing, with the reason.
// Rows: {run, about, call, props: {reason, at, times, paid}}
UNWIND $rows AS row
MATCH (run:Run {id: row.run})
MATCH (about:Domain {id: row.about})
MERGE (run)-[failure:FAILED_ON {call: row.call}]->(about)
ON CREATE SET failure += row.props
