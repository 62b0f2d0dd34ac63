// The relationship kinds that were asked along.
// Columns: relation
MATCH (:Persona)-[d:DERIVED_FROM]->(:Persona)
RETURN DISTINCT d.relation AS relation
UNION
MATCH (:Run)-[f:FAILED_ON]->(:Persona)
RETURN DISTINCT f.relation AS relation
