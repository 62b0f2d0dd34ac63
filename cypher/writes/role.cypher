// Purpose: the role that personas are counted by, and the one they were given where it is another.
// Rows: {id, role, said (null: the same)}
UNWIND $rows AS row
MATCH (persona:Persona {id: row.id})
SET persona.role = row.role, persona.role_as_said = row.said
