// Purpose: every sighting by an import, for an export; unordered.
// Columns: id (of the persona), run, file, row
MATCH (persona:Persona)-[sighting:IMPORTED_BY]->(run:Run)
RETURN persona.id AS id, run.id AS run, run.file AS file, sighting.row AS row
