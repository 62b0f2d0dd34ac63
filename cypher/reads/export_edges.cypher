// Purpose: every relationship between the nodes that pgraph writes, for an export of the graph; unordered.
// Columns: source, target, type, properties
MATCH (source:Persona)-[edge]->(target)
RETURN source.id AS source, target.id AS target, type(edge) AS type, properties(edge) AS properties
UNION ALL
MATCH (source:Domain)-[edge]->(target:DomainGroup)
RETURN source.id AS source, target.id AS target, type(edge) AS type, properties(edge) AS properties
UNION ALL
MATCH (source:DomainGroup)-[edge]->(target)
RETURN source.id AS source, target.id AS target, type(edge) AS type, properties(edge) AS properties
UNION ALL
MATCH (source:Question)-[edge]->(target)
RETURN source.id AS source, target.id AS target, type(edge) AS type, properties(edge) AS properties
UNION ALL
MATCH (source:Knowledge)-[edge]->(target)
RETURN source.id AS source, target.id AS target, type(edge) AS type, properties(edge) AS properties
UNION ALL
MATCH (source:Run)-[edge]->(target)
RETURN source.id AS source, target.id AS target, type(edge) AS type, properties(edge) AS properties
