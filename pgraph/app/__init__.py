"""The commands without their command line: one module for each, named as the command is.

`workspace` opens what they need: the only place that builds a store, a model, an embedder.
"""

__all__ = [
    "coverage", "dataset", "dedup", "distill", "expand", "explore", "forecast", "group", "infer", "ingest", "judge",
    "neo4j_browser", "prompts", "settings", "summary", "workspace",
]  # fmt: skip
