"""The commands without their command line: one module for each, named as the command is.

`workspace` opens what they need: the only place that builds a store, a model, an embedder.
"""

__all__ = [
    "coverage", "dataset", "dedup", "distill", "doctor", "expand", "explore", "export", "forecast", "group", "imports", "infer",
    "ingest", "judge", "local", "neo4j_browser", "prompts", "query", "settings", "summary", "workspace",
]  # fmt: skip
