// Purpose: how much was asked about each group and is known of it, the least known first.
// A topic with exactly one answer is a single; uncovered = singles / answers, the chance that the next answer has a new
// topic (Good 1953), 1 if there is no answer yet.
// Columns: region, label, personas, questions, answers, topics, singles, uncovered
MATCH (group:DomainGroup)
WHERE coalesce(group.level, 1) = 1
OPTIONAL MATCH (question:Question)-[:ASKS_ABOUT]->()-[:IN_GROUP*0..1]->(group)
WITH DISTINCT group, question
OPTIONAL MATCH (knowledge:Knowledge)-[:ANSWERS]->(question)
WITH group, question.topic AS topic, count(DISTINCT question) AS asked, count(knowledge) AS known
WITH group, count(topic) AS topics, sum(asked) AS questions, sum(known) AS answers,
     sum(CASE WHEN known = 1 THEN 1 ELSE 0 END) AS singles
RETURN group.id AS region, group.label AS label,
       COUNT { (group)<-[:IN_GROUP]-(:Domain)<-[:IN_DOMAIN]-(:Persona) } AS personas,
       questions, answers, topics, singles,
       CASE WHEN answers = 0 THEN 1.0 ELSE toFloat(singles) / answers END AS uncovered
ORDER BY uncovered DESC, personas DESC, region
