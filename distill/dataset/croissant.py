"""The dataset in Croissant 1.0, so that tools that read this form find its files and columns."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphstore.exports import schema_of

if TYPE_CHECKING:
    import pyarrow as pa

_ENCODING = {"parquet": "application/x-parquet", "jsonl": "application/jsonlines"}
_TYPES = {"string": "sc:Text", "int64": "sc:Integer", "double": "sc:Float", "bool": "sc:Boolean"}
_TERMS = (
    "citeAs column equivalentProperty extract field fileObject fileProperty fileSet format includes isLiveDataset "
    "jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source "
    "subField transform"
)
_CONTEXT: dict[str, Any] = {  # the vocabulary, as the standard gives it
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}


def make(recipe: Mapping[str, Any], *, name: str, description: str, licence: str) -> str:
    """The JSON text of the dataset of this `recipe`; `licence` is a text.

    The date is that of the last run, so that the same graph gives the same file.
    """
    ended = max((str(run["ended"]) for run in recipe["runs"] if run.get("ended")), default="")
    content = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": description,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": licence,
        "citeAs": description,
        "version": "1.0.0",
        **({"datePublished": ended[:10]} if ended else {}),
        "distribution": [_file(data_file, recipe["options"]["format"]) for data_file in recipe["splits"]],
        "recordSet": [_records(data_file, recipe["kind"]) for data_file in recipe["splits"]],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _file(data_file: Mapping[str, Any], form: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": data_file["path"],
        "name": data_file["path"],
        "contentUrl": data_file["path"],
        "contentSize": f"{data_file['bytes']} B",
        "encodingFormat": _ENCODING[form],
        "sha256": data_file["sha256"],
    }


def _records(data_file: Mapping[str, Any], kind: str) -> dict[str, Any]:
    fields = [_column(data_file["split"], data_file["path"], column) for column in schema_of(kind)]
    return {"@type": "cr:RecordSet", "@id": data_file["split"], "name": data_file["split"], "field": fields}


def _column(split: str, path: str, column: "pa.Field") -> dict[str, Any]:
    import pyarrow as pa

    source = {"fileObject": {"@id": path}, "extract": {"column": column.name}}
    name = f"{split}/{column.name}"
    if not pa.types.is_list(column.type):
        return _field(name, source, _TYPES[str(column.type)])
    if not pa.types.is_struct(column.type.value_type):
        return {**_field(name, source), "repeated": True}
    parts = [
        _field(f"{name}/{part.name}", {**source, "transform": {"jsonPath": part.name}})
        for part in column.type.value_type.fields
    ]
    return {"@type": "cr:Field", "@id": name, "name": name, "repeated": True, "subField": parts}


def _field(name: str, source: Mapping[str, Any], kind: str = "sc:Text") -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": name, "name": name, "dataType": kind, "source": source}
