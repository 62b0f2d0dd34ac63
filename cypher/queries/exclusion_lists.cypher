// Purpose: check whether exclusion lists help: calls about personas, by how many known roles they could list (could_list).
// Calls that named a region (--void) have no list and are left out; could_list is empty for calls of older versions.
// listed: mean number of roles in a list; new: share of the answers that were new, by what the run counts (plan_count);
// new_per_1000: new answers for 1,000 tokens of replies, a token of a prompt counting as a quarter of one.
// Parameters: run = "" (all runs)
// Columns: could_list, calls, listed, answers, new, tokens_in, tokens_out, new_per_1000
MATCH (run:Run)-[asked:ASKED]->(:Persona)
WHERE ($run = '' OR run.id = $run) AND asked.named IS NULL
WITH asked.could_list AS could_list, count(*) AS calls, avg(asked.listed) AS listed, sum(asked.answers) AS answers,
     sum(asked.new) AS found, sum(asked.tokens_in) AS tokens_in, sum(asked.tokens_out) AS tokens_out
RETURN could_list, calls, listed, answers, CASE WHEN answers = 0 THEN 0.0 ELSE toFloat(found) / answers END AS new,
       tokens_in, tokens_out,
       CASE WHEN tokens_out = 0 THEN null ELSE 1000.0 * found / (0.25 * tokens_in + tokens_out) END AS new_per_1000
ORDER BY could_list
