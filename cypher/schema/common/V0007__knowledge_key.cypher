// Purpose: one Knowledge per id, and a lookup by it.
CREATE CONSTRAINT knowledge_key IF NOT EXISTS FOR (n:Knowledge) REQUIRE n.id IS UNIQUE
