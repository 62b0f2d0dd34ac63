// Purpose: what came along each relationship: how many answers, how many of them new.
// A role that was seen only once, anywhere, is a single of the relationship that led to it (a persona without a role
// counts as a role of its own). Duplicates count for their survivor. Answers that could not be used count as answers.
// Columns: relation, answers, unusable, singles, next_new (singles / answers)
MATCH (persona:Persona)
WHERE NOT EXISTS { (persona)-[:DUPLICATE_OF]->(:Persona) }
WITH coalesce(persona.role, persona.id) AS role, persona.role IS NULL AS none,
     COUNT { (persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[:IMPORTED_BY]->(:Run) } +
     reduce(n = 0, times IN [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->(:Text) | coalesce(seen.times, 1)]
            | n + times) AS others,
     [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->(:Persona)
      | {relation: seen.relation, times: coalesce(seen.times, 1)}] AS answers
WITH role, none, sum(others) AS others, collect(answers) AS lists
WITH others, reduce(all = [], list IN lists | all + list) AS answers
WITH answers, others + reduce(n = 0, answer IN answers | n + answer.times) AS total
UNWIND answers AS answer
WITH answer.relation AS relation, answer.times AS answers, CASE WHEN total = 1 THEN 1 ELSE 0 END AS singles
WITH collect({relation: relation, answers: answers, singles: singles, unusable: 0}) AS used
OPTIONAL MATCH (:Run)-[failure:FAILED_ON]->(:Persona)
WITH used, collect({relation: failure.relation, answers: coalesce(failure.times, 1), singles: 0,
                    unusable: coalesce(failure.times, 1)}) AS failed
UNWIND used + failed AS part
WITH part.relation AS relation, sum(part.answers) AS answers, sum(part.unusable) AS unusable, sum(part.singles) AS singles
WHERE relation IS NOT NULL
RETURN relation, answers, unusable, singles, CASE WHEN answers = 0 THEN null ELSE toFloat(singles) / answers END AS next_new
ORDER BY answers DESC, relation
