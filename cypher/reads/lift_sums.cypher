// The calls of runs with a control group, as sums; w is the weight of a call, x its new answers. One row for each run and group.
// Parameters: run ('': all)
// Columns: run, is_control, calls, new, w, wx, w2, w2x, w2x2
MATCH (run:Run)-[asked:ASKED]->(:Persona)
WHERE ($run = '' OR run.id = $run) AND asked.control IS NOT NULL AND asked.answers > 0
WITH run, asked.new AS x, asked.how = 'control' AS is_control, asked.control AS chance
WITH run, x, is_control, CASE WHEN is_control THEN 1.0 - chance ELSE chance END AS w
RETURN run.id AS run, is_control, count(*) AS calls, sum(x) AS new, sum(w) AS w, sum(w * x) AS wx,
       sum(w * w) AS w2, sum(w * w * x) AS w2x, sum(w * x * w * x) AS w2x2
