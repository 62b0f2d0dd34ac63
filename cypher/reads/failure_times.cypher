// Every call about a persona or a text that lost answers, with when it was and by which run; unordered.
// Columns: call, run, at, times (answers lost)
MATCH (r:Run)-[f:FAILED_ON]->(:Persona)
RETURN f.call AS call, r.id AS run, f.at AS at, coalesce(f.times, 1) AS times
UNION ALL
MATCH (r:Run)-[f:FAILED_ON]->(:Text)
RETURN f.call AS call, r.id AS run, f.at AS at, coalesce(f.times, 1) AS times
