"""An expansion that the explorer started, and how it ends."""

import subprocess
import sys

import pytest

from explorer import expanding
from explorer.expanding import _Process

LOSES_THE_FIRST = """
import signal, sys, time
told = []
def stop(*_):
    told.append(1)
    if len(told) == 2:
        sys.exit(130)
signal.signal(signal.SIGINT, stop)
print("ready", file=sys.stderr, flush=True)
time.sleep(60)
"""


def test_a_ctrl_c_that_python_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "LOST_AFTER", 0.2)
    command = [sys.executable, "-c", LOSES_THE_FIRST]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as started:
        process = _Process(started, number=1, label="care", calls=5, command="pgraph expand")
        assert started.stderr is not None
        assert started.stderr.readline() == "ready\n"
        process.follow()
        process.stop()
        process.wait()
    assert process.code == 130
