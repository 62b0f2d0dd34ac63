// Every domain with its group; unordered.
// Columns: id, label, region (its group), region_label, by, niche
MATCH (d:Domain)
OPTIONAL MATCH (d)-[i:IN_GROUP]->(g:DomainGroup)
RETURN d.id AS id, d.label AS label, g.id AS region, g.label AS region_label, i.by AS by, d.niche AS niche
