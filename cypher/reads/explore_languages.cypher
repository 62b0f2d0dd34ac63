// The languages of the personas. Reads every persona.
// Columns: language, personas
MATCH (p:Persona)
WHERE p.language IS NOT NULL
RETURN p.language AS language, count(*) AS personas
ORDER BY personas DESC, language
