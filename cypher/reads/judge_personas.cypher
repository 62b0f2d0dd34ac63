// What a judge is shown of one persona.
// Parameters: id
// Columns: text, role, domains
MATCH (p:Persona {id: $id})
RETURN p.text AS text, p.role AS role, [(p)-[:IN_DOMAIN]->(d:Domain) | d.label] AS domains
