"""The dataset in Croissant 1.0, so that tools that know this form find its files and columns."""

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
    """`licence` is a text; the date is that of the last run, so that the same graph gives the same file."""
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
        "distribution": [_file(one, recipe["options"]["format"]) for one in recipe["splits"]],
        "recordSet": [_records(one, recipe["kind"]) for one in recipe["splits"]],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _file(one: Mapping[str, Any], form: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": one["path"],
        "name": one["path"],
        "contentUrl": one["path"],
        "contentSize": f"{one['bytes']} B",
        "encodingFormat": _ENCODING[form],
        "sha256": one["sha256"],
    }


def _records(one: Mapping[str, Any], kind: str) -> dict[str, Any]:
    fields = [_column(one["split"], one["path"], column) for column in schema_of(kind)]
    return {"@type": "cr:RecordSet", "@id": one["split"], "name": one["split"], "field": fields}


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
