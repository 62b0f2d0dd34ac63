// Purpose: a picture of the personas that were derived from a persona, in up to two steps.
// Parameters: id (required), limit = 60 (paths)
// Columns: path
MATCH path = (:Persona {id: $id})
             ((source:Persona)<-[:DERIVED_FROM]-(found:Persona) WHERE found.depth > source.depth){1,2}
             (last:Persona)
RETURN path
ORDER BY length(path), last.id
LIMIT $limit
