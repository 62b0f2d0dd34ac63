// How many known roles a call about a persona was told not to name, on average over the finished runs with a model ("" for any).
// Parameters: model
// Columns: listed
MATCH (r:Run)-[asked:ASKED]->(:Persona)
WHERE r.state = 'finished' AND ($model = '' OR r.plan_model = $model)
RETURN avg(asked.listed) AS listed
