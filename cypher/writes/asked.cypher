// Purpose: calls about personas: why each was made and what it brought.
// Rows: {run, persona, call, props: {relation, distance, how, expected, toward, share, uncovered, listed, verbalised (where on),
//   named (where it named a region: toward), hits (then), answers, usable, new, at}}
UNWIND $rows AS row
MATCH (run:Run {id: row.run})
MATCH (persona:Persona {id: row.persona})
MERGE (run)-[asked:ASKED {call: row.call}]->(persona)
ON CREATE SET asked += row.props
