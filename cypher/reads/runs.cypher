// Every run; unordered.
// Columns: run (all properties)
MATCH (r:Run)
RETURN properties(r) AS run
