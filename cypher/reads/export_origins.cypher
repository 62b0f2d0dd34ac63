// Purpose: every sighting by a model call, for an export; unordered.
// Columns: id (of the persona), source (a persona or a text), relation (to a persona), stance (to a text), run, call
MATCH (persona:Persona)-[origin:DERIVED_FROM]->(source:Persona)
RETURN persona.id AS id, source.id AS source, origin.relation AS relation, null AS stance, origin.run AS run,
       origin.call AS call
UNION ALL
MATCH (persona:Persona)-[origin:DERIVED_FROM]->(source:Text)
RETURN persona.id AS id, source.id AS source, null AS relation, origin.stance AS stance, origin.run AS run,
       origin.call AS call
