// Purpose: every question of a kind that carries its own answer, for an export; unordered.
// Parameters: kind (qa or mcq)
// Columns: id, question, kind, topic, level, language, context, answer, choices, key, about, posed_by, run, call, marked
MATCH (question:Question)
WHERE question.kind = $kind AND (question.answer IS NOT NULL OR question.key IS NOT NULL)
RETURN question.id AS id, question.text AS question, question.kind AS kind, question.topic AS topic,
       question.level AS level, question.language AS language, question.context AS context,
       question.answer AS answer, question.choices AS choices, question.key AS key,
       [(question)-[:ASKS_ABOUT]->(place) | place.label] AS about,
       [(question)-[:POSED_BY]->(persona:Persona) | persona.id] AS posed_by,
       question.run AS run, question.call AS call, coalesce(question.marked, false) AS marked
