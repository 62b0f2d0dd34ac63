// Purpose: check the predicted share of new answers: the calls in ten steps, by their prediction from 0 to 1.
// expected: mean prediction; realised: share of the usable answers that were new, by what the run counts (plan_count). Both are
// weighted by usable answers.
// Calls without usable answers are left out.
// Parameters: run = "" (all runs)
// Columns: from, to, calls, answers, expected, realised
MATCH (run:Run)-[asked:ASKED]->()
WHERE ($run = '' OR run.id = $run) AND asked.expected IS NOT NULL
WITH asked, coalesce(asked.usable, asked.answers) AS usable
WHERE usable > 0
WITH CASE WHEN asked.expected >= 1.0 THEN 9 ELSE toInteger(asked.expected * 10) END AS step, asked, usable
WITH step, count(*) AS calls, sum(usable) AS answers, sum(asked.expected * usable) AS predicted,
     sum(asked.new) AS new
RETURN step / 10.0 AS `from`, (step + 1) / 10.0 AS `to`, calls, answers, predicted / answers AS expected,
       toFloat(new) / answers AS realised
ORDER BY step
