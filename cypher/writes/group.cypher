// Purpose: groups of domains, and what is known of them so far.
// Rows: {id, props: {label, size, resolution, run}}
UNWIND $rows AS row
MERGE (group:DomainGroup {id: row.id})
SET group += row.props
