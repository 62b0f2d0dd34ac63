// Purpose: a picture of a text with the personas drawn from it, their domains and their relationships.
// Parameters: id (required), limit = 60 (paths)
// Columns: path
MATCH path = (:Text {id: $id})<-[:DERIVED_FROM]-(persona:Persona)-[:IN_DOMAIN|RELATED_TO*0..1]->(other)
RETURN path
ORDER BY length(path), persona.id, other.id
LIMIT $limit
