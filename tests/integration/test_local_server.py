"""The local server's life: started by many at once, killed, idle, stopped, in strange places."""

import fcntl
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from foundation.errors import SettingsError, StoreError, StoreUnavailableError
from graphstore.server import local
from graphstore.server.bolt import LocalStore
from graphstore.server.local_server import SERVER_LOCK, locked
from graphstore.store import Write
from tests.contract.graphs import persona

WRITER = """
import sys
from pathlib import Path
from graphstore.server import local
from graphstore.store import Write

directory, name = Path(sys.argv[1]), sys.argv[2]
with local.connect(directory, heap="256m", idle=60) as store:
    store.migrate()
    for batch in range(int(sys.argv[3])):
        rows = [{"id": f"{name}-{batch}-{i}", "depth": 0, "props": {"text": "t"}} for i in range(50)]
        store.write(Write("persona", rows))
        print(batch, flush=True)
"""


def connect(directory: Path, idle: float = 60) -> LocalStore:
    store = local.connect(directory, heap="256m", idle=idle)
    assert isinstance(store, LocalStore)
    return store


def writer(directory: Path, name: str, batches: int, **environment: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(directory), name, str(batches)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "store"
    local.stop(tmp_path / "store")


def test_many_processes_start_one_server(directory: Path) -> None:
    writers = [writer(directory, f"w{number}", 3) for number in range(4)]
    answers = [process.communicate(timeout=90) for process in writers]
    assert [process.returncode for process in writers] == [0] * 4, answers
    with connect(directory) as store:
        assert next(store.stream("MATCH (p:Persona) RETURN count(p) AS n", {})) == {"n": 4 * 3 * 50}
    log = (directory / local.LOG).read_text()
    assert log.count("Bolt protocol ready") <= 1
    mine = [
        process for process in psutil.process_iter(["cmdline"]) if str(directory) in (process.info["cmdline"] or [])
    ]
    assert [process.pid for process in mine] == [local.status(directory).pid]


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(directory: Path) -> None:
    acknowledged: set[str] = set()
    connect(directory).close()
    for round_ in range(3):
        process = writer(directory, f"r{round_}", 100_000)
        assert process.stdout is not None
        until, killed = random.randrange(3, 30), 0.0
        for line in process.stdout:
            acknowledged.add(f"r{round_}-{line.strip()}")
            if int(line) == until:
                os.kill(local.status(directory).pid, signal.SIGKILL)
                killed = time.monotonic()
        output, trace = process.communicate(timeout=30)
        assert time.monotonic() - killed < 25, "a server that has gone must be noticed at once"
        assert output == ""
        assert "StoreUnavailableError: the local graph server of" in trace
        assert "has gone" in trace
    with connect(directory) as store:
        rows = list(store.stream("MATCH (p:Persona) RETURN p.id AS id", {}))
    batches: dict[str, int] = {}
    for row in rows:
        batch = row["id"].rpartition("-")[0]
        batches[batch] = batches.get(batch, 0) + 1
    assert set(batches.values()) == {50}, "a batch is whole or not there"
    assert acknowledged <= set(batches)


def test_a_store_whose_server_was_killed_says_so_and_the_next_goes_on(directory: Path) -> None:
    with connect(directory) as store:
        store.migrate()
        store.write(Write("persona", [persona("p")]))
        os.kill(local.status(directory).pid, signal.SIGKILL)
        started = time.monotonic()
        for attempt in (
            lambda: store.write(Write("persona", [persona("q")])),
            lambda: list(store.read("queries/runs", limit=1)),
        ):
            with pytest.raises(StoreUnavailableError, match="has gone") as caught:
                attempt()
            assert "same command again" in caught.value.hint
        with pytest.raises(StoreUnavailableError):
            list(store.cypher("RETURN 1 AS x", {}, timeout=1, limit=1))
        assert time.monotonic() - started < 25
    with connect(directory) as store:
        assert next(store.stream("MATCH (p:Persona) RETURN p.id AS id", {})) == {"id": "p"}


def test_it_leaves_when_idle_and_only_then(directory: Path) -> None:
    with connect(directory, idle=1) as store:
        pid = local.status(directory).pid
        time.sleep(3)
        assert list(store.stream("RETURN 1 AS x", {})) == [{"x": 1}]
    wait_for(lambda: not psutil.pid_exists(pid), 15)
    assert local.status(directory).pid == 0
    assert not (directory / "server.json").exists()


def test_it_leaves_when_its_store_is_deleted(directory: Path) -> None:
    with connect(directory, idle=3600):
        pid = local.status(directory).pid
    shutil.rmtree(directory)
    wait_for(lambda: not psutil.pid_exists(pid), 30)


def test_stop_waits_until_it_has_gone_and_leaves_no_zombie(directory: Path) -> None:
    connect(directory).close()
    pid = local.status(directory).pid
    assert pid not in {child.pid for child in psutil.Process().children()}, "the starter must not have to reap it"
    assert local.stop(directory)
    wait_for(lambda: not psutil.pid_exists(pid), 3)
    assert not local.stop(directory)


def test_only_its_owner_on_this_machine_gets_in(directory: Path) -> None:
    connect(directory).close()
    first = json.loads((directory / "server.json").read_text())
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for name in ("server.json", local.LOG):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    listening = [c for c in psutil.Process(first["pid"]).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {c.laddr.ip for c in listening} <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert {c.laddr.port for c in listening} == {first["port"]}
    intruder = LocalStore(
        f"bolt://127.0.0.1:{first['port']}", "root", "guessed", "pgraph", reader=("reader", "x"), directory=directory
    )
    with intruder, pytest.raises(StoreUnavailableError, match="refuses the login"):
        intruder.ping()
    local.stop(directory)
    connect(directory).close()
    second = json.loads((directory / "server.json").read_text())
    assert first["password"] != second["password"]
    assert first["reader_password"] != second["reader_password"]


def test_blanks_and_letters_of_any_language_in_the_path(tmp_path: Path) -> None:
    directory = tmp_path / "été 研究 a b" / ".pgraph" / "store"
    process = writer(directory, "w", 2, LC_ALL="C")
    output = process.communicate(timeout=60)
    try:
        assert process.returncode == 0, output
        assert local.status(directory).pid
    finally:
        local.stop(directory)


def test_a_folder_named_like_a_module_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("graphstore", "psutil", "secrets"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('imported from the working directory')")
    monkeypatch.chdir(tmp_path)
    connect(tmp_path / "s").close()
    assert local.stop(tmp_path / "s")


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "data" / "databases").mkdir(parents=True)
    (tmp_path / "data" / "databases" / "pgraph").write_text("not a database")
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError, match=r"did not start: .+") as caught:
        connect(tmp_path)
    assert str(tmp_path / local.LOG) in caught.value.hint
    assert time.monotonic() - started < 30
    assert local.status(tmp_path).pid == 0
    with locked(tmp_path / SERVER_LOCK, fcntl.LOCK_EX):  # no process that failed to start stays behind with it
        pass


def test_a_heap_that_java_does_not_take(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="local_heap = 'lots'"):
        local.connect(tmp_path / "s", heap="lots", idle=1)
    assert not (tmp_path / "s").exists()


def test_a_place_that_cannot_hold_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError, match="cannot hold the local store"):
        connect(tmp_path / "file" / "store")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    os.chown(tmp_path / "s", 12345, 12345)
    with pytest.raises(StoreUnavailableError, match=r"belongs to another user \(uid 12345\)"):
        connect(tmp_path / "s")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root can mount a small disk")
def test_a_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    size = "size=40m"
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        _fill(disk)
    finally:
        local.stop(disk / "store")
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(disk: Path) -> None:
    kept = 0
    with connect(disk / "store") as store:
        store.migrate()
        (disk / "ballast").write_bytes(b"x" * max(0, shutil.disk_usage(disk).free - 6_000_000))
        refused = None
        while refused is None and kept < 1000:
            try:
                store.write(Write("persona", [persona(f"p{kept}-{i}", notes="n" * 500) for i in range(100)]))
                kept += 1
            except StoreError as error:
                refused = error
        assert refused is not None
        assert "disk" in refused.message
        assert "Make room" in refused.hint
        (disk / "ballast").unlink()
        store.write(Write("persona", [persona("after")]))
        assert next(store.stream("MATCH (p:Persona) RETURN count(p) AS n", {}))["n"] >= kept * 100 + 1


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
