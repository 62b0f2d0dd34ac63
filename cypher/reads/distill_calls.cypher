// The calls of one run of ask or distill that are written already.
// Parameters: run
// Columns: call
MATCH (:Question)-[a:ASKS_ABOUT]->() WHERE a.run = $run
RETURN DISTINCT a.call AS call
UNION
MATCH (k:Knowledge) WHERE k.run = $run
RETURN DISTINCT k.call AS call
UNION
MATCH (:Run {id: $run})-[f:FAILED_ON]->()
RETURN DISTINCT f.call AS call
