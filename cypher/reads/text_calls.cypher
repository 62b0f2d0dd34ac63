// The calls about texts that are written already; a call that the server never answered is not.
// Columns: call
MATCH (:Persona)-[d:DERIVED_FROM]->(:Text)
RETURN DISTINCT d.call AS call
UNION
MATCH (:Run)-[f:FAILED_ON]->(:Text) WHERE f.paid
RETURN DISTINCT f.call AS call
