// Purpose: what each run brought, the latest first.
// Parameters: limit = 50
// Columns: run, command, model, started, ended, imported (rows), sightings, personas (new in this run), failed (calls)
MATCH (persona:Persona)
UNWIND [{run: persona.run, personas: 1, sightings: 0}] +
       [(persona)-[seen:DERIVED_FROM]->() | {run: seen.run, personas: 0, sightings: coalesce(seen.times, 1)}] AS part
WITH part.run AS id, sum(part.personas) AS personas, sum(part.sightings) AS sightings
WITH collect({id: id, personas: personas, sightings: sightings}) AS parts
MATCH (run:Run)
OPTIONAL MATCH (run)-[failure:FAILED_ON]->()
WITH run, parts, sum(CASE WHEN failure IS NULL THEN 0 ELSE coalesce(failure.times, 1) END) AS failed
RETURN run.id AS run, run.command AS command, run.model AS model, run.started AS started, run.ended AS ended,
       COUNT { (:Persona)-[:IMPORTED_BY]->(run) } AS imported,
       reduce(n = 0, part IN parts | n + CASE WHEN part.id = run.id THEN part.sightings ELSE 0 END) AS sightings,
       reduce(n = 0, part IN parts | n + CASE WHEN part.id = run.id THEN part.personas ELSE 0 END) AS personas,
       failed
ORDER BY started DESC, run
LIMIT $limit
