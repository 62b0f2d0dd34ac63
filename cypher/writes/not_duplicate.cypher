// Purpose: take the marks off personas that are survivors.
// Rows: {persona}
UNWIND $rows AS row
MATCH (persona:Persona {id: row.persona})-[mark:DUPLICATE_OF]->(:Persona)
DELETE mark
