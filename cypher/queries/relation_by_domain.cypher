// Purpose: which relationships lead to which domains.
// Parameters: limit = 1000
// Columns: relation, domain, sightings, personas
MATCH (persona:Persona)-[seen:DERIVED_FROM]->(:Persona)
OPTIONAL MATCH (persona)-[:DUPLICATE_OF]->(kept:Persona)
WITH coalesce(kept, persona) AS survivor, seen.relation AS relation, sum(coalesce(seen.times, 1)) AS sightings
OPTIONAL MATCH (survivor)-[:IN_DOMAIN]->(domain:Domain)
RETURN relation, coalesce(domain.label, domain.id, '(no domain)') AS domain, sum(sightings) AS sightings,
       count(survivor) AS personas
ORDER BY sightings DESC, relation, domain
LIMIT $limit
