// Purpose: how well each region is covered: the share of what is said of it that is known already.
// A region is a domain group; a domain that has no group yet; or '' for personas without a domain. A role that was seen
// only once, anywhere, is a single (a persona without a role counts as a role of its own); coverage = 1 - singles /
// sightings (Good 1953). Duplicates count for their survivor.
// Columns: region, label, personas, roles, sightings, singles, coverage
MATCH (persona:Persona)
WHERE NOT EXISTS { (persona)-[:DUPLICATE_OF]->(:Persona) }
OPTIONAL MATCH (persona)-[:IN_DOMAIN]->(domain:Domain)
OPTIONAL MATCH (domain)-[:IN_GROUP]->(group:DomainGroup)
WITH coalesce(group.id, domain.id, '') AS region,
     coalesce(group.label, group.id, domain.label, domain.id, '(no domain)') AS label,
     persona.role AS role,
     reduce(n = COUNT { (persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[:IMPORTED_BY]->(:Run) },
            times IN [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->() | coalesce(seen.times, 1)]
            | n + times) AS sightings
WITH region, label, role, count(*) AS personas, sum(sightings) AS sightings,
     sum(CASE WHEN sightings = 1 THEN 1 ELSE 0 END) AS once
WITH role, sum(sightings) AS total,
     collect({region: region, label: label, personas: personas, sightings: sightings, once: once}) AS places
UNWIND places AS place
WITH place.region AS region, place.label AS label, sum(place.personas) AS personas, sum(place.sightings) AS sightings,
     sum(CASE WHEN role IS NULL THEN place.personas ELSE 1 END) AS roles,
     sum(CASE WHEN role IS NULL THEN place.once WHEN total = 1 AND place.sightings = 1 THEN 1 ELSE 0 END) AS singles
RETURN region, label, personas, roles, sightings, singles,
       CASE WHEN sightings = 0 THEN 0.0 ELSE 1.0 - toFloat(singles) / sightings END AS coverage
ORDER BY coverage, region
