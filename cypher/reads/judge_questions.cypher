// What a judge is shown of one question.
// Parameters: id
// Columns: text, context, choices, key, answer, positions, people
MATCH (q:Question {id: $id})
RETURN q.text AS text, q.context AS context, q.choices AS choices, q.key AS key, q.answer AS answer,
       q.positions AS positions, [(q)-[:POSED_BY]->(p:Persona) | p.text] AS people
