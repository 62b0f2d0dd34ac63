// Purpose: every answer with its question, its personas and their domains, for an export; unordered.
// Columns: id, answer, mode, disagreement, question_id, question, kind, topic, choices, about, posed_by, distilled_from, domains, language, context, model, run, call, marked (it, or its question)
MATCH (knowledge:Knowledge)-[:ANSWERS]->(question:Question)
RETURN knowledge.id AS id, knowledge.text AS answer, knowledge.mode AS mode, knowledge.disagreement AS disagreement,
       question.id AS question_id, question.text AS question, question.kind AS kind, question.topic AS topic,
       question.choices AS choices, [(question)-[:ASKS_ABOUT]->(place) | place.label] AS about,
       [(question)-[:POSED_BY]->(persona:Persona) | persona.id] AS posed_by,
       [(knowledge)-[source:DISTILLED_FROM]->(persona:Persona) | {persona: persona.id, contribution: source.contribution}]
       AS distilled_from,
       [(knowledge)-[:ABOUT]->(domain:Domain) | domain.label] AS domains,
       knowledge.language AS language, knowledge.context AS context, knowledge.model AS model,
       knowledge.run AS run, knowledge.call AS call,
       coalesce(knowledge.marked, false) OR coalesce(question.marked, false) AS marked
