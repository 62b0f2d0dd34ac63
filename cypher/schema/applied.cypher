// Purpose: which schema statements this graph has had.
// Columns: id
MATCH (migration:Migration)
RETURN migration.id AS id
