// Purpose: a run of a command, and what is known of it so far.
// Rows: {id, props}
UNWIND $rows AS row
MERGE (run:Run {id: row.id})
SET run += row.props
