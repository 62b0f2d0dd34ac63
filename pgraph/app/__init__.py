"""The commands without their command line: one module for each command, named after it.

Only `workspace` builds a store, a model or an embedder. Every command raises `PgraphError`, which carries a message, a hint
and an exit code: `StoreError` if the graph fails, `ModelError` if the model server fails, `UsageError` or `InputError` for
wrong requests and files.
"""

__all__ = [
    "coverage", "dataset", "dedup", "distill", "doctor", "expand", "explore", "export", "forecast", "group", "imports", "infer",
    "ingest", "judge", "local", "neo4j_browser", "prompts", "query", "settings", "summary", "wording", "workspace",
]  # fmt: skip
