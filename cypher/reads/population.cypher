// Every persona with what a choice needs; unordered.
// Columns: id, text, role, depth, survivor (null: it is one itself), domain, imports (sightings by import)
MATCH (p:Persona)
OPTIONAL MATCH (p)-[:DUPLICATE_OF]->(s:Persona)
OPTIONAL MATCH (p)-[:IN_DOMAIN]->(d:Domain)
RETURN p.id AS id, p.text AS text, p.role AS role, p.depth AS depth, s.id AS survivor, d.id AS domain,
       COUNT { (p)-[:IMPORTED_BY]->(:Run) } AS imports
