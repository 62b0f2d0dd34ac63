// Purpose: sightings: a call for a domain brought this question.
// Rows: {question, about, call, props: {run, at}}
UNWIND $rows AS row
MATCH (question:Question {id: row.question})
MATCH (about:Domain {id: row.about})
MERGE (question)-[asked:ASKS_ABOUT {call: row.call}]->(about)
ON CREATE SET asked += row.props
