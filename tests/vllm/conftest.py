import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

MODEL = "smollm2"
KEY = "a-key-of-the-tests"


@pytest.fixture(scope="session")
def vllm() -> Iterator[str]:
    """The base_url of a real vLLM server, started once for all tests (1 to 2 minutes)."""
    home = os.environ.get("PGRAPH_TEST_VLLM")
    if not home:
        pytest.skip("no vLLM here: make test-vllm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base_url = f"http://127.0.0.1:{port}/v1"
    log = Path(home) / "server.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(_command(Path(home), port), stdout=out, stderr=out, env=_ENV) as server,
    ):
        try:
            _wait_for(base_url, server, log)
            yield base_url
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()


_ENV = os.environ | {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_HOST_IP": "127.0.0.1",
    "HF_HUB_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
}


def _command(home: Path, port: int) -> list[str]:
    formats = '{"disable_any_whitespace": true, "backend": "xgrammar"}'
    return [
        *(str(home / "venv/bin/python"), "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(home / "model"), "--served-model-name", MODEL, "--host", "127.0.0.1", "--port", str(port)),
        *("--max-model-len", "2048", "--max-num-seqs", "8", "--enforce-eager", "--dtype", "bfloat16"),
        *("--structured-outputs-config", formats, "--api-key", KEY),
    ]


def _wait_for(base_url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 500
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(base_url.removesuffix("/v1") + "/health", timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
        else:
            return
    server.kill()
    pytest.fail(f"vLLM did not start:\n{log.read_text(errors='replace')[-3000:]}")
