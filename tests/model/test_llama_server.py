"""docker/llama_server.py as its container runs it, but for the container."""

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.console import ROOT

pytestmark = pytest.mark.model
PROGRAM = [sys.executable, str(ROOT / "docker" / "llama_server.py")]
OWN = {"LLAMA_HOST": "127.0.0.1", "LLAMA_PORT": "0", "LLAMA_CONTEXT": "512", "LLAMA_SLOTS": "1"}


def test_it_answers_and_ends_when_told() -> None:
    with subprocess.Popen(
        PROGRAM, env={**os.environ, **OWN}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = next(line for line in server.stdout if " at http" in line).split()[-1].rstrip("/")
            with urllib.request.urlopen(f"{address}/health", timeout=10) as answer:
                assert answer.status == 200
            with urllib.request.urlopen(f"{address}/v1/models", timeout=10) as answer:
                assert json.load(answer)["data"][0]["id"] == "SmolLM2-135M-Instruct"
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=10) == 0
        finally:
            server.kill()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("LLAMA_MODEL", "/models/no.gguf", "no such file; put the GGUF"), ("LLAMA_SLOTS", "many", "is no number")],
)
def test_what_is_wrong_is_named(name: str, value: str, told: str) -> None:
    done = subprocess.run(PROGRAM, env={**os.environ, **OWN, name: value}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name}={value}: {told}")
