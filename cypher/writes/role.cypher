// Purpose: the short role of personas.
// Rows: {id, role}
UNWIND $rows AS row
MATCH (persona:Persona {id: row.id})
SET persona.role = row.role
