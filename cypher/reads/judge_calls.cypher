// The judgements of one run that are written already.
// Parameters: run
// Columns: call
MATCH (:Run {id: $run})-[j:JUDGED]->()
RETURN j.call AS call
