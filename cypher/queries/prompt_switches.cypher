// Purpose: check whether the switches of `pgraph expand` that widen its prompts help: calls about personas, by switch.
// verbalised: only personas with a probability below this number were asked for; void: whether the call named a region in
// which the answers should land; distance: that of the relationship. new: share of the answers that were new, by
// what the run counts (plan_count); hits: share that landed in the named region; alone: share that was expected to land there
// without naming it.
// Parameters: run = "" (all runs)
// Columns: switch, value, calls, answers, new, hits, alone
MATCH (run:Run)-[asked:ASKED]->(:Persona)
WHERE $run = '' OR run.id = $run
UNWIND [['verbalised', toString(coalesce(asked.verbalised, 'no'))],
        ['void', CASE WHEN asked.named IS NULL THEN 'no' ELSE 'yes' END],
        ['distance', coalesce(asked.distance, 'no')]] AS pair
WITH pair[0] AS switch, pair[1] AS value, count(*) AS calls, sum(asked.answers) AS answers, sum(asked.new) AS found,
     sum(asked.hits) AS landed, sum(coalesce(asked.share, 0.0) * asked.answers) AS expected
WITH switch, value, calls, answers, found, landed, expected, switch = 'void' AND value = 'yes' AS named
RETURN switch, value, calls, answers, CASE WHEN answers = 0 THEN 0.0 ELSE toFloat(found) / answers END AS new,
       CASE WHEN named AND answers > 0 THEN toFloat(landed) / answers END AS hits,
       CASE WHEN named AND answers > 0 THEN expected / answers END AS alone
ORDER BY switch, value
