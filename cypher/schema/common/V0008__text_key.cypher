// Purpose: one Text per id, and a lookup by it.
CREATE CONSTRAINT text_key IF NOT EXISTS FOR (n:Text) REQUIRE n.id IS UNIQUE
