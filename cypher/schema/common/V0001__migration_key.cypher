// Purpose: one Migration per id, and a lookup by it.
CREATE CONSTRAINT migration_key IF NOT EXISTS FOR (n:Migration) REQUIRE n.id IS UNIQUE
