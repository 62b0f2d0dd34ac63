// Purpose: the way from a persona back to a seed, and to the text that names it: a row for each step, shortest ways first.
// Every step leads to a persona nearer to the seeds, so there are no circles, even if descendants found a persona again.
// Parameters: id (required), limit = 3 (ways)
// Columns: way, step, id, depth, role, text, relation (to the persona of the next step, or its stance to the text), call, run
MATCH path = (persona:Persona {id: $id})
             ((found:Persona)-[:DERIVED_FROM]->(source:Persona) WHERE found.depth > source.depth)*
             (seed:Persona {depth: 0})
OPTIONAL MATCH (seed)-[drawn:DERIVED_FROM]->(origin:Text)
WITH nodes(path) + CASE WHEN origin IS NULL THEN [] ELSE [origin] END AS steps,
     relationships(path) + CASE WHEN drawn IS NULL THEN [] ELSE [drawn] END AS links
WITH steps, links, reduce(key = '', node IN steps | key + node.id + ' ') +
                   reduce(key = '', link IN links | key + link.call + ' ') AS key
ORDER BY size(links), key
LIMIT $limit
WITH collect({steps: steps, links: links}) AS ways
UNWIND range(0, size(ways) - 1) AS way
WITH way, ways[way].steps AS steps, ways[way].links AS links
UNWIND range(0, size(steps) - 1) AS step
WITH way, step, steps[step] AS node, links[step] AS link
RETURN way + 1 AS way, step, node.id AS id, node.depth AS depth, node.role AS role, node.text AS text,
       coalesce(link.relation, link.stance) AS relation, link.call AS call, link.run AS run
ORDER BY way, step
