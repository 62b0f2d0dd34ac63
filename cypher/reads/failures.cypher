// Every call that failed, in whole or in part; unordered.
// Columns: source, relation, times (answers lost), paid (false: the server never answered, ask again), void (as of sightings)
MATCH (:Run)-[f:FAILED_ON]->(p:Persona)
RETURN p.id AS source, f.relation AS relation, coalesce(f.times, 1) AS times, coalesce(f.paid, true) AS paid,
       coalesce(f.void, false) AS void
