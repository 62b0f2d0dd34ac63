"""The ground: what serves every room and knows of none: errors, the clock, tasks, prompt files, the model server."""

__all__ = ["clock", "concurrency", "errors", "prompts"]
