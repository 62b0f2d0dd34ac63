// The runs that can have brought personas, the newest first.
// Parameters: limit
// Columns: id, command, model, started
MATCH (r:Run)
WHERE r.command IN ['import', 'ingest', 'expand']
RETURN r.id AS id, r.command AS command, r.model AS model, r.started AS started
ORDER BY started DESC, id
LIMIT $limit
