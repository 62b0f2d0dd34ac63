// Purpose: the regions with the lowest coverage, the worst first.
// A region is a domain group, or a domain without a group, or '' for personas without a domain. Sightings are answers of
// calls. A role that a single call named, and no file, is a single (a persona without a role counts as a role);
// coverage = 1 - singles / sightings (Good 1953), null if there are no sightings. Duplicates count for their survivor.
// Parameters: at_least = 1 (sightings that a region must have), limit = 20
// Columns: region, label, personas, roles, sightings, singles, coverage
MATCH (persona:Persona)
WHERE NOT EXISTS { (persona)-[:DUPLICATE_OF]->(:Persona) }
OPTIONAL MATCH (persona)-[:IN_DOMAIN]->(domain:Domain)
OPTIONAL MATCH (domain)-[:IN_GROUP]->(group:DomainGroup)
WITH coalesce(group.id, domain.id, '') AS region,
     coalesce(group.label, group.id, domain.label, domain.id, '(no domain)') AS label,
     persona.role AS role,
     COUNT { (persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[:IMPORTED_BY]->(:Run) } AS imports,
     [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->() | seen.call] AS calls,
     reduce(n = 0, times IN [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->() | coalesce(seen.times, 1)]
            | n + times) AS sightings
WITH region, label, role, sightings, calls[0] AS call, CASE WHEN any(call IN calls WHERE call <> calls[0]) THEN 1 ELSE imports END AS known
WITH region, label, role, count(*) AS personas, sum(sightings) AS sightings, sum(known) AS known, min(call) AS first, max(call) AS last,
     sum(CASE WHEN sightings > 0 AND known = 0 THEN 1 ELSE 0 END) AS once
WITH role, sum(known) AS known, min(first) = max(last) AS alone,
     collect({region: region, label: label, personas: personas, sightings: sightings, once: once}) AS places
UNWIND places AS place
WITH place.region AS region, place.label AS label, sum(place.personas) AS personas, sum(place.sightings) AS sightings,
     sum(CASE WHEN role IS NULL THEN place.personas ELSE 1 END) AS roles,
     sum(CASE WHEN role IS NULL THEN place.once WHEN alone AND known = 0 AND place.sightings > 0 THEN 1
         ELSE 0 END) AS singles
WITH region, label, personas, roles, sightings, singles
WHERE sightings >= $at_least
RETURN region, label, personas, roles, sightings, singles,
       CASE WHEN sightings = 0 THEN null ELSE 1.0 - toFloat(singles) / sightings END AS coverage
ORDER BY coverage, region
LIMIT $limit
