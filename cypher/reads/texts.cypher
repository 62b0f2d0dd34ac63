// Every text with the file it is from; unordered.
// Columns: id, sha256
MATCH (t:Text)
RETURN t.id AS id, t.sha256 AS sha256
