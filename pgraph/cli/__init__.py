"""The command line: one file for each command, its flags, its progress, its output."""

__all__ = ["main"]
