// Purpose: the runs that read texts of these files.
// Parameters: files (their SHA-256)
// Columns: run
MATCH (text:Text) WHERE text.sha256 IN $files
RETURN DISTINCT text.run AS run
