// Purpose: every sighting by a model call, for an export; unordered.
// Columns: id (of the persona), source, relation, run, call
MATCH (persona:Persona)-[origin:DERIVED_FROM]->(source:Persona)
RETURN persona.id AS id, source.id AS source, origin.relation AS relation, origin.run AS run, origin.call AS call
