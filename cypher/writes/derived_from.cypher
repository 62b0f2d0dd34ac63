// Purpose: sightings: a call on behalf of a source persona named this persona.
// Rows: {persona, source, call, props: {relation, run, times, at, probability where the reply gave one, void where the call
//   named a region}}
UNWIND $rows AS row
MATCH (persona:Persona {id: row.persona})
MATCH (source:Persona {id: row.source})
MERGE (persona)-[sighting:DERIVED_FROM {call: row.call}]->(source)
ON CREATE SET sighting += row.props
