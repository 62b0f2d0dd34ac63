// Purpose: one Question per id, and a lookup by it.
CREATE CONSTRAINT question_key IF NOT EXISTS FOR (n:Question) REQUIRE n.id IS UNIQUE
