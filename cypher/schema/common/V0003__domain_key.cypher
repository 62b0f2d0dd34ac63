// Purpose: one Domain per id, and a lookup by it.
CREATE CONSTRAINT domain_key IF NOT EXISTS FOR (n:Domain) REQUIRE n.id IS UNIQUE
