// Purpose: facts: the persona is the source's <kind>.
// Rows: {source, persona, kind}
UNWIND $rows AS row
MATCH (source:Persona {id: row.source})
MATCH (persona:Persona {id: row.persona})
MERGE (source)-[:RELATED_TO {kind: row.kind}]->(persona)
