// Purpose: a picture of the ways from a persona back to a seed, and to the texts that name the seed, shortest ways first.
// Every step leads to a persona nearer to the seeds; `lineage` has the same as a table.
// Parameters: id (required), limit = 3 (ways)
// Columns: path, origin (from the seed to a text)
MATCH path = (persona:Persona {id: $id})
             ((found:Persona)-[:DERIVED_FROM]->(source:Persona) WHERE found.depth > source.depth)*
             (seed:Persona {depth: 0})
WITH path, seed, reduce(key = '', node IN nodes(path) | key + node.id + ' ') AS key
ORDER BY length(path), key
LIMIT $limit
OPTIONAL MATCH origin = (seed)-[:DERIVED_FROM]->(:Text)
RETURN path, origin
LIMIT $limit
