"""The graph: what a store can do, and the ids, names and languages that its nodes are made of."""

from graphstore.ids import call_id, digest, domain_id, normal_name, normal_text, persona_id, seed_of
from graphstore.languages import contradicts, language_of
from graphstore.roles import role_of
from graphstore.store import GraphStore, Row, Write

__all__ = [
    "GraphStore",
    "Row",
    "Write",
    "call_id",
    "contradicts",
    "digest",
    "domain_id",
    "language_of",
    "normal_name",
    "normal_text",
    "persona_id",
    "role_of",
    "seed_of",
]
