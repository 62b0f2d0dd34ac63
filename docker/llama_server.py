"""An OpenAI-compatible server on CPU, by llama.cpp: what the image's target `llama` runs.

LLAMA_MODEL names a GGUF file, empty: the small bundled model. LLAMA_SLOTS calls are answered at a time, each with
LLAMA_CONTEXT tokens of prompt and reply. It listens on LLAMA_HOST and LLAMA_PORT: all addresses, 8000.
"""

import os
import signal
import sys
from pathlib import Path

from foundation.model.bundled import MODEL, model_file


def main() -> None:
    given = os.environ.get("LLAMA_MODEL", "")
    path = Path(given) if given else model_file()
    if path is None or not path.is_file():
        sys.exit(
            f"LLAMA_MODEL={given}: no such file; put the GGUF file into LLAMA_MODELS, and name it /models/FILE.gguf"
        )
    slots, context, port = number("LLAMA_SLOTS", "4"), number("LLAMA_CONTEXT", "4096"), number("LLAMA_PORT", "8000")
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before there are threads: as process 1 it would never hear them
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.stem if given else MODEL}
    params.hostnames = [os.environ.get("LLAMA_HOST", "0.0.0.0")]  # noqa: S104  a container is reached from others
    params.port = port
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.endpoint_slots = False
    params.ui = False
    server = xllamacpp.Server(params)
    print(f"{path.name} at {server.listening_address}", flush=True)
    signal.sigwait(ends)
    os._exit(0)


def number(name: str, default: str) -> int:
    given = os.environ.get(name, default)
    if not given.isdecimal():
        sys.exit(f"{name}={given}: is no number")
    return int(given)


if __name__ == "__main__":
    main()
