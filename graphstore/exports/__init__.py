"""The graph as rows, as training data, as GraphML."""

from graphstore.exports.exporting import (
    EXPORT_COLUMNS,
    PERSONA_COLUMNS,
    export_graph,
    graph_size,
    on_disk,
    persona_rows,
    question_rows,
    selected_rows,
)
from graphstore.exports.training import TRAINING_KINDS, Sample, TrainingKind, samples, training_rows
from graphstore.exports.writing import schema_of, text_chunks, write_csv, write_graphml, write_jsonl, write_parquet

__all__ = [
    "EXPORT_COLUMNS",
    "PERSONA_COLUMNS",
    "TRAINING_KINDS",
    "Sample",
    "TrainingKind",
    "export_graph",
    "graph_size",
    "on_disk",
    "persona_rows",
    "question_rows",
    "samples",
    "schema_of",
    "selected_rows",
    "text_chunks",
    "training_rows",
    "write_csv",
    "write_graphml",
    "write_jsonl",
    "write_parquet",
]
