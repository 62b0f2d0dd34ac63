// Purpose: a picture of a text with the personas drawn from it, and with their domains and those related to them.
// Parameters: id (required), limit = 60 (paths)
// Columns: path
MATCH path = (:Text {id: $id})<-[:DERIVED_FROM]-(persona:Persona)-[:IN_DOMAIN|RELATED_TO*0..1]->(other)
RETURN path
ORDER BY length(path), persona.id, other.id
LIMIT $limit
