// Finished runs with a model ("" for any).
// Parameters: model
// Columns: run (all properties)
MATCH (r:Run) WHERE r.command = 'expand' AND r.state = 'finished' AND ($model = '' OR r.plan_model = $model)
RETURN properties(r) AS run LIMIT 100
