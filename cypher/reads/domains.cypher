// Every domain with its group; unordered.
// Columns: id, label, region, region_label, by, personas (those in the domain)
MATCH (d:Domain)
OPTIONAL MATCH (d)-[i:IN_GROUP]->(g:DomainGroup)
RETURN d.id AS id, d.label AS label, g.id AS region, g.label AS region_label, i.by AS by,
       COUNT { (:Persona)-[:IN_DOMAIN]->(d) } AS personas
