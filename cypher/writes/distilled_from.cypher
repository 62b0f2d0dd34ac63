// Purpose: whom an answer speaks for, with what each contributes; it is about their domains.
// Rows: {knowledge, persona, props: {contribution, run, call}}
UNWIND $rows AS row
MATCH (knowledge:Knowledge {id: row.knowledge})
MATCH (persona:Persona {id: row.persona})
MERGE (knowledge)-[source:DISTILLED_FROM]->(persona)
ON CREATE SET source += row.props
WITH knowledge, persona
MATCH (persona)-[:IN_DOMAIN]->(domain:Domain)
WITH DISTINCT knowledge, domain
MERGE (knowledge)-[:ABOUT]->(domain)
