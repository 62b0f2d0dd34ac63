// Runs that wrote while this one did.
// Parameters: run, since (when this one started)
// Columns: run
MATCH (r:Run) WHERE r.id <> $run AND r.updated >= $since
RETURN r.id AS run LIMIT 1
