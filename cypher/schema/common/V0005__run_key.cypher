// Purpose: one Run per id, and a lookup by it.
CREATE CONSTRAINT run_key IF NOT EXISTS FOR (n:Run) REQUIRE n.id IS UNIQUE
