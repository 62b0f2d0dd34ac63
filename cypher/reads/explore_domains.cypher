// The domains of a region: those of a group, or the domain itself.
// Parameters: id
// Columns: id, label
MATCH (:DomainGroup {id: $id})<-[:IN_GROUP]-(d:Domain)
RETURN d.id AS id, d.label AS label
UNION
MATCH (d:Domain {id: $id})
RETURN d.id AS id, d.label AS label
