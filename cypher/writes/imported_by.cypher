// Purpose: sightings: a row of an imported file holds this persona.
// Rows: {persona, run, row, props}
UNWIND $rows AS row
MATCH (persona:Persona {id: row.persona})
MATCH (run:Run {id: row.run})
MERGE (persona)-[sighting:IMPORTED_BY {row: row.row}]->(run)
ON CREATE SET sighting += row.props
