// Every sighting of some personas by a model call, as reads/export_origins has them; unordered.
// Parameters: ids
// Columns: id (of the persona), source (a persona or a text), relation (to a persona), stance (to a text), run, call
UNWIND $ids AS one
MATCH (persona:Persona {id: one})-[origin:DERIVED_FROM]->(source:Persona)
RETURN persona.id AS id, source.id AS source, origin.relation AS relation, null AS stance, origin.run AS run,
       origin.call AS call
UNION ALL
UNWIND $ids AS one
MATCH (persona:Persona {id: one})-[origin:DERIVED_FROM]->(source:Text)
RETURN persona.id AS id, source.id AS source, null AS relation, origin.stance AS stance, origin.run AS run,
       origin.call AS call
