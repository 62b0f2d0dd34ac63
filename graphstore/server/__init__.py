"""The servers that hold a graph: a Neo4j over Bolt, or the local one that pgraph starts."""

from graphstore.server.adhoc import plain_value
from graphstore.server.bolt import BoltStore

__all__ = ["BoltStore", "local", "plain_value"]
