// Every answer; unordered.
// Columns: id
MATCH (k:Knowledge)
RETURN k.id AS id
