// Purpose: remember that a schema statement was applied.
// Rows: {id, applied}
UNWIND $rows AS row
MERGE (migration:Migration {id: row.id})
ON CREATE SET migration.applied = row.applied
