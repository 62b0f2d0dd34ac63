// Some personas with their properties and place, as reads/export_personas has them; unordered.
// Parameters: ids
// Columns: id, persona, role, domain, group, depth, language, external_id, duplicate_of, extra
UNWIND $ids AS one
MATCH (persona:Persona {id: one})
OPTIONAL MATCH (persona)-[:DUPLICATE_OF]->(survivor:Persona)
OPTIONAL MATCH (persona)-[:IN_DOMAIN]->(domain:Domain)
OPTIONAL MATCH (domain)-[:IN_GROUP]->(region:DomainGroup)
RETURN persona.id AS id, persona.text AS persona, persona.role AS role, domain.label AS domain, region.label AS `group`,
       persona.depth AS depth, persona.language AS language, persona.external_id AS external_id,
       survivor.id AS duplicate_of, persona.extra AS extra
