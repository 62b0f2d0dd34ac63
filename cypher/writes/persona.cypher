// Purpose: personas; what a known one already has stays, its depth is the smallest ever seen.
// Rows: {id, depth, props}
UNWIND $rows AS row
MERGE (persona:Persona {id: row.id})
ON CREATE SET persona += row.props, persona.depth = row.depth
ON MATCH SET persona.depth = CASE WHEN persona.depth <= row.depth THEN persona.depth ELSE row.depth END
