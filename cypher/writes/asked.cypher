// Purpose: calls about personas: why each was made and what it brought.
// Rows: {run, persona, call, props: {relation, how, expected, toward, share, uncovered, listed, answers, new, at}}
UNWIND $rows AS row
MATCH (run:Run {id: row.run})
MATCH (persona:Persona {id: row.persona})
MERGE (run)-[asked:ASKED {call: row.call}]->(persona)
ON CREATE SET asked += row.props
