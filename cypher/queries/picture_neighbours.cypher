// Purpose: a picture of a persona with everything that is one step away, except runs.
// If Neo4j Browser is set to connect result nodes, it also draws how these are related to each other.
// Parameters: id (required), limit = 60 (paths)
// Columns: path
MATCH path = (:Persona {id: $id})-[link]-(other)
WHERE NOT other:Run
RETURN path
ORDER BY type(link), other.id
LIMIT $limit
