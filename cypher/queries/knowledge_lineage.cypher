// Purpose: where an answer comes from: its question, and what each persona contributed; `lineage` goes on from a persona.
// Parameters: id (required)
// Columns: question, asked, answer, persona, text, depth, contribution, call, run
MATCH (knowledge:Knowledge {id: $id})-[:ANSWERS]->(question:Question)
MATCH (knowledge)-[source:DISTILLED_FROM]->(persona:Persona)
RETURN question.id AS question, question.text AS asked, knowledge.text AS answer, persona.id AS persona,
       persona.text AS text, persona.depth AS depth, source.contribution AS contribution, source.call AS call,
       knowledge.run AS run
ORDER BY question, persona
