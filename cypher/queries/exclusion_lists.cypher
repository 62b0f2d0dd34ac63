// Purpose: check whether exclusion lists help: calls about personas with a list of roles not to name, and without (probes).
// Calls that named a region (--void) have no list and are left out.
// listed: mean number of roles in a list; new: share of the answers that were new roles.
// Parameters: run = "" (all runs)
// Columns: list, calls, listed, answers, new
MATCH (run:Run)-[asked:ASKED]->(:Persona)
WHERE ($run = '' OR run.id = $run) AND asked.named IS NULL
WITH asked.listed > 0 AS list, asked
WITH list, count(*) AS calls, avg(asked.listed) AS listed, sum(asked.answers) AS answers, sum(asked.new) AS found
RETURN list, calls, listed, answers, CASE WHEN answers = 0 THEN 0.0 ELSE toFloat(found) / answers END AS new
ORDER BY list DESC
