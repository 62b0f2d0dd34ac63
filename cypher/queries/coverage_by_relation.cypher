// Purpose: what each relationship brought: its answers, and the share of new roles to expect.
// A role that a single call named, and no file, is a single of the relationship that led to it (a persona without a role
// counts as a role). Duplicates count for their survivor. Unusable answers count as answers.
// Answers of calls that named a region (--void) are left out: the relationship alone did not lead to them.
// Columns: relation, answers, unusable, singles, next_new (singles / answers)
MATCH (persona:Persona)
WHERE NOT EXISTS { (persona)-[:DUPLICATE_OF]->(:Persona) }
WITH coalesce(persona.role, persona.id) AS role, persona.role IS NULL AS none,
     COUNT { (persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[:IMPORTED_BY]->(:Run) } +
     COUNT { (persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[:DERIVED_FROM]->(:Text) } AS others,
     [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->(:Persona)
      | {relation: CASE WHEN seen.void IS NULL THEN seen.relation END, call: seen.call, times: coalesce(seen.times, 1)}] AS answers
WITH role, none, sum(others) AS others, collect(answers) AS lists
WITH others, reduce(all = [], list IN lists | all + list) AS answers
WITH answers, others = 0 AND all(answer IN answers WHERE answer.call = answers[0].call) AS alone
UNWIND range(0, size(answers) - 1) AS place
WITH answers[place].relation AS relation, answers[place].times AS answers, CASE WHEN alone AND place = 0 THEN 1 ELSE 0 END AS singles
WITH collect({relation: relation, answers: answers, singles: singles, unusable: 0}) AS used
OPTIONAL MATCH (:Run)-[failure:FAILED_ON]->(:Persona)
WITH used, collect({relation: CASE WHEN failure.void IS NULL THEN failure.relation END, answers: coalesce(failure.times, 1), singles: 0,
                    unusable: coalesce(failure.times, 1)}) AS failed
UNWIND used + failed AS part
WITH part.relation AS relation, sum(part.answers) AS answers, sum(part.unusable) AS unusable, sum(part.singles) AS singles
WHERE relation IS NOT NULL
RETURN relation, answers, unusable, singles, CASE WHEN answers = 0 THEN null ELSE toFloat(singles) / answers END AS next_new
ORDER BY answers DESC, relation
