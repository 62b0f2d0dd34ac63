// Purpose: whether a file with this content was imported before.
// Parameters: run
// Columns: state, ended
MATCH (run:Run {id: $run})
RETURN run.state AS state, run.ended AS ended
