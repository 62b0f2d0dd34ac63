// Personas of some domains for a picture; duplicates are left out.
// Parameters: domains, below ('': all; else those with a smaller id, which as a digest makes a sample), limit
// Columns: id, role, depth, first (of the personas it came from: the id, a space, the relationship; null for none)
UNWIND $domains AS id
MATCH (:Domain {id: id})<-[:IN_DOMAIN]-(p:Persona)
WHERE ($below = '' OR p.id < $below) AND COUNT { (p)-[:DUPLICATE_OF]->(:Persona) } = 0
WITH p LIMIT $limit
OPTIONAL MATCH (p)-[s:DERIVED_FROM]->(source:Persona)
RETURN p.id AS id, p.role AS role, p.depth AS depth, min(source.id + ' ' + coalesce(s.relation, '')) AS first
