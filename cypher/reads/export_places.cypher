// Purpose: where every persona belongs, for a dataset; unordered.
// Columns: id, survivor (null: it is one itself), group (label), marked
MATCH (persona:Persona)
OPTIONAL MATCH (persona)-[:DUPLICATE_OF]->(survivor:Persona)
OPTIONAL MATCH (persona)-[:IN_DOMAIN]->(domain:Domain)
OPTIONAL MATCH (domain)-[:IN_GROUP]->(region:DomainGroup)
RETURN persona.id AS id, survivor.id AS survivor, region.label AS `group`, coalesce(persona.marked, false) AS marked
