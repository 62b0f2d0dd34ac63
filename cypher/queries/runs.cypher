// Purpose: what each run brought, the latest first.
// Parameters: limit = 50
// Columns: run, command, model, started, ended, imported (rows), sightings, personas (new with this run), failed (calls)
OPTIONAL MATCH (persona:Persona)
WITH persona.run AS id, count(persona) AS personas
WITH collect({id: id, personas: personas}) AS created
OPTIONAL MATCH (:Persona)-[seen:DERIVED_FROM]->()
WITH created, seen.run AS id, sum(CASE WHEN seen IS NULL THEN 0 ELSE coalesce(seen.times, 1) END) AS sightings
WITH created, collect({id: id, sightings: sightings}) AS derived
MATCH (run:Run)
OPTIONAL MATCH (run)-[failure:FAILED_ON]->()
WITH run, created, derived, sum(CASE WHEN failure IS NULL THEN 0 ELSE coalesce(failure.times, 1) END) AS failed
RETURN run.id AS run, run.command AS command, run.model AS model, run.started AS started, run.ended AS ended,
       COUNT { (:Persona)-[:IMPORTED_BY]->(run) } AS imported,
       reduce(n = 0, each IN derived | n + CASE WHEN each.id = run.id THEN each.sightings ELSE 0 END) AS sightings,
       reduce(n = 0, each IN created | n + CASE WHEN each.id = run.id THEN each.personas ELSE 0 END) AS personas,
       failed
ORDER BY started DESC, run
LIMIT $limit
