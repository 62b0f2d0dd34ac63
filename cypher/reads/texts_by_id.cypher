// Texts whole.
// Parameters: ids
// Columns: id, text, source, offset, title, sha256
UNWIND $ids AS id
MATCH (t:Text {id: id})
RETURN t.id AS id, t.text AS text, t.source AS source, t.offset AS offset, t.title AS title, t.sha256 AS sha256
