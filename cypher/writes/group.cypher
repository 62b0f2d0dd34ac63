// Purpose: groups of domains, and what is known of them so far; level 1 holds domains, the others groups.
// Rows: {id, props: {label, size, level, resolution, run, …}}
UNWIND $rows AS row
MERGE (group:DomainGroup {id: row.id})
SET group += row.props
