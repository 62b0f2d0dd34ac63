// Every sighting of some personas by an import, as reads/export_imports has them; unordered.
// Parameters: ids
// Columns: id (of the persona), run, file, row
UNWIND $ids AS one
MATCH (persona:Persona {id: one})-[sighting:IMPORTED_BY]->(run:Run)
RETURN persona.id AS id, run.id AS run, run.file AS file, sighting.row AS row
