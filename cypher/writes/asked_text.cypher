// Purpose: calls about texts that an expansion made: why each was made and what it brought.
// Rows: {run, text, call, props: {stance, how, expected, answers, usable, new, at}}
UNWIND $rows AS row
MATCH (run:Run {id: row.run})
MATCH (text:Text {id: row.text})
MERGE (run)-[asked:ASKED {call: row.call}]->(text)
ON CREATE SET asked += row.props
