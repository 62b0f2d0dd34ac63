// Every persona with what places it; unordered.
// Columns: id, text, role, depth, created, language, survivor (null: it is one itself), marked (by a judge), domain, region (its group), imports (sightings by import)
MATCH (p:Persona)
OPTIONAL MATCH (p)-[:DUPLICATE_OF]->(s:Persona)
OPTIONAL MATCH (p)-[:IN_DOMAIN]->(d:Domain)
OPTIONAL MATCH (d)-[:IN_GROUP]->(g:DomainGroup)
RETURN p.id AS id, p.text AS text, p.role AS role, p.depth AS depth, p.created AS created, p.language AS language, s.id AS survivor,
       p.marked AS marked, d.id AS domain, g.id AS region, COUNT { (p)-[:IMPORTED_BY]->(:Run) } AS imports
