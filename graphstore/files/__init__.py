"""Files of personas and texts, in and out: checked, read row by row, written whole or not at all."""

from graphstore.files.documents import TEXTS, Piece, pieces
from graphstore.files.outputs import replacing, unwritable
from graphstore.files.personas import PersonaRow, read_personas
from graphstore.files.reading import ENDINGS, FORMATS, BadRow, FileKind, Record, Source, opened, plain_name, text_column
from graphstore.files.rows import records

__all__ = [
    "ENDINGS",
    "FORMATS",
    "TEXTS",
    "BadRow",
    "FileKind",
    "PersonaRow",
    "Piece",
    "Record",
    "Source",
    "opened",
    "pieces",
    "plain_name",
    "read_personas",
    "records",
    "replacing",
    "text_column",
    "unwritable",
]
