"""Personas from files into the graph."""

from graphstore.imports.importing import ImportCounts, checked_rows, finished, import_file

__all__ = ["ImportCounts", "checked_rows", "finished", "import_file"]
