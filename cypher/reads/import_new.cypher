// Purpose: how many personas an import brought in.
// Parameters: run
// Columns: personas
MATCH (persona:Persona)
WHERE persona.run = $run
RETURN count(persona) AS personas
