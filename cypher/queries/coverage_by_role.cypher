// Purpose: the roles, those with most sightings first.
// Sightings are answers of calls. Duplicates count for their survivor.
// Parameters: limit = 100
// Columns: role, personas, sightings, groups (number of regions)
MATCH (persona:Persona)
WHERE persona.role IS NOT NULL AND NOT EXISTS { (persona)-[:DUPLICATE_OF]->(:Persona) }
OPTIONAL MATCH (persona)-[:IN_DOMAIN]->(domain:Domain)
OPTIONAL MATCH (domain)-[:IN_GROUP]->(group:DomainGroup)
WITH persona.role AS role, coalesce(group.id, domain.id, '') AS region,
     reduce(n = 0, times IN [(persona)<-[:DUPLICATE_OF*0..9]-(:Persona)-[seen:DERIVED_FROM]->() | coalesce(seen.times, 1)]
            | n + times) AS sightings
RETURN role, count(*) AS personas, sum(sightings) AS sightings, count(DISTINCT region) AS groups
ORDER BY sightings DESC, role
LIMIT $limit
