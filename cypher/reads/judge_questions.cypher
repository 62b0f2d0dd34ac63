// What a judge is shown of one question.
// Parameters: id
// Columns: text, level (as the model called it), level_asked ("" where none was), context, choices, key, answer, positions, people
MATCH (q:Question {id: $id})
RETURN q.text AS text, q.level AS level, q.level_asked AS level_asked, q.context AS context, q.choices AS choices, q.key AS key, q.answer AS answer,
       q.positions AS positions, [(q)-[:POSED_BY]->(p:Persona) | p.text] AS people
