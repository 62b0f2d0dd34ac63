// Purpose: how well the whole graph is covered, counted by persona, by role and by domain.
// A persona without a role counts as a role; personas without a domain do not count for domains. Sightings are answers of
// calls. What a single call named, and no file, is a single; coverage = 1 - singles / sightings (Good 1953), null if there
// are no sightings. Duplicates count for their survivor.
// Columns: resolution, distinct, sightings, singles, coverage
MATCH (persona:Persona)
WHERE NOT EXISTS { (persona)-[:DUPLICATE_OF]->(:Persona) }
OPTIONAL MATCH (persona)-[:IN_DOMAIN]->(domain:Domain)
WITH persona.role AS role, domain.id AS domain,
     COUNT { (persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[:IMPORTED_BY]->(:Run) } AS imports,
     [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->() | seen.call] AS calls,
     reduce(n = 0, times IN [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->() | coalesce(seen.times, 1)]
            | n + times) AS sightings
WITH role, domain, sightings, calls[0] AS call, CASE WHEN any(call IN calls WHERE call <> calls[0]) THEN 1 ELSE imports END AS known
WITH role, domain, count(*) AS personas, sum(sightings) AS sightings, sum(known) AS known, min(call) AS first, max(call) AS last,
     sum(CASE WHEN sightings > 0 AND known = 0 THEN 1 ELSE 0 END) AS once
UNWIND [{resolution: 'persona'}, {resolution: 'role', of: role}, {resolution: 'domain', of: domain}] AS kind
WITH kind.resolution AS resolution, kind.of AS of, sum(personas) AS personas, sum(sightings) AS sightings, sum(known) AS known,
     min(first) = max(last) AS alone, sum(once) AS once
WHERE resolution <> 'domain' OR of IS NOT NULL
WITH resolution, sum(CASE WHEN of IS NULL THEN personas ELSE 1 END) AS different, sum(sightings) AS sightings,
     sum(CASE WHEN of IS NULL THEN once WHEN alone AND known = 0 THEN 1 ELSE 0 END) AS singles
RETURN resolution, different AS `distinct`, sightings, singles,
       CASE WHEN sightings = 0 THEN null ELSE 1.0 - toFloat(singles) / sightings END AS coverage
ORDER BY CASE resolution WHEN 'persona' THEN 0 WHEN 'role' THEN 1 ELSE 2 END
