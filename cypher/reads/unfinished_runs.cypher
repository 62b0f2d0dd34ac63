// Runs of one command in one workspace that did not come to their end, the newest first.
// Parameters: signature, workspace
// Columns: run (all properties)
MATCH (r:Run) WHERE r.signature = $signature AND r.workspace = $workspace AND r.state <> 'finished'
RETURN properties(r) AS run, r.started AS started ORDER BY started DESC LIMIT 20
