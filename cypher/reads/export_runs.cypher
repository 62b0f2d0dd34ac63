// Purpose: every run, for the recipe of a dataset; unordered.
// Columns: run (all properties)
MATCH (run:Run)
RETURN properties(run) AS run
