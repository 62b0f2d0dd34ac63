// Purpose: sightings: a call about a text named this persona.
// Rows: {persona, text, call, props: {stance, evidence, run, times, at}}
UNWIND $rows AS row
MATCH (persona:Persona {id: row.persona})
MATCH (text:Text {id: row.text})
MERGE (persona)-[sighting:DERIVED_FROM {call: row.call}]->(text)
ON CREATE SET sighting += row.props
