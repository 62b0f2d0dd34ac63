// Purpose: one Persona per id, and a lookup by it.
CREATE CONSTRAINT persona_key IF NOT EXISTS FOR (n:Persona) REQUIRE n.id IS UNIQUE
