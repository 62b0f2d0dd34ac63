// Purpose: where an answer comes from: its question, what each persona contributed, and the texts behind each persona.
// Texts are shown if they are at most four hops from the persona; `lineage` shows the whole way.
// Parameters: id (required)
// Columns: question, asked, answer, persona, text, depth, contribution, texts, call, run
MATCH (knowledge:Knowledge {id: $id})-[:ANSWERS]->(question:Question)
MATCH (knowledge)-[source:DISTILLED_FROM]->(persona:Persona)
OPTIONAL MATCH (persona)-[:DERIVED_FROM*1..4]->(text:Text)
WITH knowledge, question, source, persona, collect(DISTINCT text.source) AS texts
RETURN question.id AS question, question.text AS asked, knowledge.text AS answer, persona.id AS persona,
       persona.text AS text, persona.depth AS depth, source.contribution AS contribution, texts,
       source.call AS call, knowledge.run AS run
ORDER BY question, persona
