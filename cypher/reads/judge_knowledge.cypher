// What a judge is shown of one answer.
// Parameters: id
// Columns: text, disagreement, context, question, choices, key, people
MATCH (k:Knowledge {id: $id})-[:ANSWERS]->(q:Question)
RETURN k.text AS text, k.disagreement AS disagreement, k.context AS context, q.text AS question, q.choices AS choices,
       q.key AS key, [(k)-[s:DISTILLED_FROM]->(p:Persona) | {text: p.text, contribution: s.contribution}] AS people
