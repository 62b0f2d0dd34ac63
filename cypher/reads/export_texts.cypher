// Purpose: every file that texts came from, for the recipe of a dataset; unordered.
// Columns: sha256, run (a run that read it), source (a text's: the file's name, of a row with its line), texts
MATCH (text:Text)
RETURN text.sha256 AS sha256, min(text.run) AS run, min(text.source) AS source, count(text) AS texts
