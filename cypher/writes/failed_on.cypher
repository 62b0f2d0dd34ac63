// Purpose: calls that brought nothing, with the reason.
// Rows: {run, persona, call, props: {relation, reason, at, times, void where it named a region}}
UNWIND $rows AS row
MATCH (run:Run {id: row.run})
MATCH (persona:Persona {id: row.persona})
MERGE (run)-[failure:FAILED_ON {call: row.call}]->(persona)
ON CREATE SET failure += row.props
