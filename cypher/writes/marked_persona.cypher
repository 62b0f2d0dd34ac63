// Purpose: what judges say of personas: scores, reasons, below which limit they are; marked while below any.
// Rows: {id, props: {score, score_reason, below, reask, …}}; a property that is null is taken away
UNWIND $rows AS row
MATCH (item:Persona {id: row.id})
SET item += row.props
SET item.marked = any(name IN keys(item) WHERE name STARTS WITH 'below')
