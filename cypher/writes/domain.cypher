// Purpose: domains; the label first seen stays.
// Rows: {id, name, label}
UNWIND $rows AS row
MERGE (domain:Domain {id: row.id})
ON CREATE SET domain.name = row.name, domain.label = row.label
