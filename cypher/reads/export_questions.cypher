// Purpose: every question with what it is about and who is needed for it, for an export; unordered.
// Columns: id, question, kind, topic, level, language, context, answer, choices, key, positions, about, posed_by, answers, run, call
MATCH (question:Question)
RETURN question.id AS id, question.text AS question, question.kind AS kind, question.topic AS topic,
       question.level AS level, question.language AS language, question.context AS context,
       question.answer AS answer, question.choices AS choices, question.key AS key, question.positions AS positions,
       [(question)-[:ASKS_ABOUT]->(place) | place.label] AS about,
       [(question)-[:POSED_BY]->(persona:Persona) | persona.id] AS posed_by,
       COUNT { (:Knowledge)-[:ANSWERS]->(question) } AS answers, question.run AS run, question.call AS call
