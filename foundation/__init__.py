"""The ground: what serves every room and knows of none: errors, the clock, tasks, prompt files, the model server."""

from foundation.outcomes import StopReason, Unusable

__all__ = ["StopReason", "Unusable", "clock", "concurrency", "errors", "prompts"]
