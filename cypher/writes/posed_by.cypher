// Purpose: the personas that a question needs for its answer.
// Rows: {question, persona, call}
UNWIND $rows AS row
MATCH (question:Question {id: row.question})
MATCH (persona:Persona {id: row.persona})
MERGE (question)-[:POSED_BY {call: row.call}]->(persona)
