// Purpose: see how many times as much that is new the chosen calls of a run brought as calls drawn by chance.
// count: what is new, a role, a persona or a domain; an answer with one of two new counts a half.
// Each call was drawn by chance with a probability known beforehand, asked.control. Those that were count 1 - control, the others
// control, so both groups speak for the same moments. low and high: the 90 % interval, empty where a group has fewer than ten
// calls or found nobody new.
// Parameters: run = "" (all runs)
// Columns: run, started, count, chosen, chosen_new, control, control_new, lift, low, high
MATCH (run:Run)-[asked:ASKED]->(:Persona)
WHERE ($run = '' OR run.id = $run) AND asked.control IS NOT NULL AND asked.answers > 0
WITH run, asked.new AS x, asked.how = 'control' AS drawn,
     CASE WHEN asked.how = 'control' THEN 1.0 - asked.control ELSE asked.control END AS w
WITH run, drawn, count(*) AS calls, sum(x) AS new, sum(w) AS w, sum(w * x) AS wx, sum(w * w) AS w2, sum(w * w * x) AS w2x,
     sum(w * x * w * x) AS w2x2
WITH run, drawn, calls, new, w, w2, wx / w AS mean, CASE WHEN calls < 10 OR new = 0 THEN null
     ELSE (w2x2 - 2 * wx / w * w2x + wx / w * wx / w * w2 + w2 / calls) / (wx * wx) * calls / (calls - 1) END AS variance
WITH run, sum(CASE WHEN drawn THEN 0 ELSE calls END) AS chosen, sum(CASE WHEN drawn THEN 0 ELSE new END) AS chosen_new,
     sum(CASE WHEN drawn THEN calls ELSE 0 END) AS control, sum(CASE WHEN drawn THEN new ELSE 0 END) AS control_new,
     sum(CASE WHEN drawn THEN 0.0 ELSE mean END) AS chosen_mean, sum(CASE WHEN drawn THEN mean ELSE 0.0 END) AS control_mean,
     sum(variance) AS variance, count(variance) AS groups, min(w * w / w2) - 1.0 AS freedom
WITH *, CASE WHEN groups = 2 THEN chosen_mean / control_mean END AS lift,
     CASE WHEN groups = 2 THEN exp((1.6449 + 1.5238749 / CASE WHEN freedom < 1 THEN 1.0 ELSE freedom END) * sqrt(variance)) END AS width
RETURN run.id AS run, run.started AS started, coalesce(run.plan_count, 'role') AS count, chosen, chosen_new, control, control_new,
       lift, lift / width AS low, lift * width AS high
ORDER BY started DESC, run
