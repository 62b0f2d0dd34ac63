// Purpose: a picture of a persona with all that is one step away, but for runs.
// Neo4j Browser also draws how those are related to one another, where it is set to connect result nodes.
// Parameters: id (required), limit = 60 (paths)
// Columns: path
MATCH path = (:Persona {id: $id})-[link]-(other)
WHERE NOT other:Run
RETURN path
ORDER BY type(link), other.id
LIMIT $limit
