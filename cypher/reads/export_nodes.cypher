// Purpose: every node of the labels that pgraph writes, for an export of the graph; unordered.
// Columns: label, properties
MATCH (node:Persona) RETURN 'Persona' AS label, properties(node) AS properties
UNION ALL
MATCH (node:Text) RETURN 'Text' AS label, properties(node) AS properties
UNION ALL
MATCH (node:Domain) RETURN 'Domain' AS label, properties(node) AS properties
UNION ALL
MATCH (node:DomainGroup) RETURN 'DomainGroup' AS label, properties(node) AS properties
UNION ALL
MATCH (node:Question) RETURN 'Question' AS label, properties(node) AS properties
UNION ALL
MATCH (node:Knowledge) RETURN 'Knowledge' AS label, properties(node) AS properties
UNION ALL
MATCH (node:Run) RETURN 'Run' AS label, properties(node) AS properties
