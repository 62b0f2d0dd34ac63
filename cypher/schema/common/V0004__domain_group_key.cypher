// Purpose: one DomainGroup per id, and a lookup by it.
CREATE CONSTRAINT domain_group_key IF NOT EXISTS FOR (n:DomainGroup) REQUIRE n.id IS UNIQUE
