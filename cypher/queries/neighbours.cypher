// Purpose: everything that is one step away from a persona.
// Parameters: id (required), limit = 100
// Columns: link, direction, kind, label, id, text
MATCH (persona:Persona {id: $id})-[link]-(other)
RETURN type(link) AS link, CASE WHEN startNode(link) = persona THEN 'out' ELSE 'in' END AS direction,
       coalesce(link.kind, link.relation, link.stance, link.method, link.row) AS kind, labels(other)[0] AS label, other.id AS id,
       coalesce(other.text, other.label, other.command) AS text
ORDER BY link, direction, kind, id
LIMIT $limit
