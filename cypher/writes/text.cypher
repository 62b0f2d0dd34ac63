// Purpose: pieces of texts that personas are drawn from; what a known one has stays.
// Rows: {id, props: {text, source, offset, title, sha256, created, run}}
UNWIND $rows AS row
MERGE (text:Text {id: row.id})
ON CREATE SET text += row.props
