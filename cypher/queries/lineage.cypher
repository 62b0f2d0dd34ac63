// Purpose: the way from a persona back to a seed, a step a row, the shortest ways first.
// Every step goes to a persona nearer to the seeds, so a persona that was found again by its own descendants makes no circle.
// Parameters: id (required), limit = 3 (ways)
// Columns: way, step, id, depth, role, text, relation (what it is to the next step's persona), call, run
MATCH path = (persona:Persona {id: $id})
             ((found:Persona)-[:DERIVED_FROM]->(source:Persona) WHERE found.depth > source.depth)*
             (seed:Persona {depth: 0})
WITH path, reduce(key = '', node IN nodes(path) | key + node.id + ' ') +
           reduce(key = '', link IN relationships(path) | key + link.call + ' ') AS key
ORDER BY length(path), key
LIMIT $limit
WITH collect(path) AS paths
UNWIND range(0, size(paths) - 1) AS way
WITH way, nodes(paths[way]) AS people, relationships(paths[way]) AS links
UNWIND range(0, size(people) - 1) AS step
WITH way, step, people[step] AS persona, links[step] AS link
RETURN way + 1 AS way, step, persona.id AS id, persona.depth AS depth, persona.role AS role, persona.text AS text,
       link.relation AS relation, link.call AS call, link.run AS run
ORDER BY way, step
