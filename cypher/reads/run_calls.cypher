// The calls of one run that are written already.
// Parameters: run
// Columns: call
MATCH (:Persona)-[d:DERIVED_FROM]->(:Persona) WHERE d.run = $run
RETURN DISTINCT d.call AS call
UNION
MATCH (:Run {id: $run})-[f:FAILED_ON]->(:Persona)
RETURN DISTINCT f.call AS call
UNION
MATCH (:Persona)-[d:DERIVED_FROM]->(:Text) WHERE d.run = $run
RETURN DISTINCT d.call AS call
UNION
MATCH (:Run {id: $run})-[f:FAILED_ON]->(:Text)
RETURN DISTINCT f.call AS call
