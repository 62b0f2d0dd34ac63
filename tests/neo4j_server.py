"""A real Neo4j for the tests: one that the caller names, else one from Maven artifacts, else one in Docker.

`python -m tests.neo4j_server [VERSION]` runs one until Ctrl-C and prints its address, for work by hand.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT = "5.26.31"
NEWEST = "2026.09.0"
USER, PASSWORD = "neo4j", "only-for-tests"
ROOT = Path(__file__).parent.parent
CACHE = Path(os.environ.get("PGRAPH_TEST_CACHE") or ROOT / ".cache")
POM = Path(__file__).with_name("neo4j-pom.xml")
READY_WITHIN = 120.0
JVM = [
    "-Xms512m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "--enable-native-access=ALL-UNNAMED",
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.nio", "java.io", "sun.nio.ch")),
]
CONFIGURATION = """
server.bolt.listen_address=127.0.0.1:0
server.bolt.advertised_address=127.0.0.1:0
server.http.listen_address=127.0.0.1:0
server.http.advertised_address=127.0.0.1:0
server.https.enabled=false
server.memory.pagecache.size=64m
dbms.usage_report.enabled=false
client.allow_telemetry=false
dbms.security.auth_max_failed_attempts=20
internal.server.bolt.thread_pool_shutdown_wait_time=0s
"""


class Neo4jNotHereError(Exception):
    """No Neo4j can run on this machine; says what is missing."""


@dataclass(frozen=True, slots=True)
class Neo4jServer:
    uri: str
    user: str
    password: str
    version: str
    pid: int = 0  # 0: not ours to stop or kill
    http: str = ""  # where Neo4j Browser is: known of a server from jars only


@contextlib.contextmanager
def neo4j_server(version: str = "", more: str = "") -> Iterator[Neo4jServer]:
    """A running server; raises `Neo4jNotHereError` where none can be had. `more`: settings, for one from Maven's artifacts."""
    version = version or os.environ.get("PGRAPH_TEST_NEO4J_VERSION") or DEFAULT
    if given := os.environ.get("PGRAPH_TEST_NEO4J"):
        parts = urlsplit(given)
        yield Neo4jServer(
            f"{parts.scheme}://{parts.hostname}:{parts.port or 7687}",
            parts.username or USER,
            parts.password or "",
            "given",
        )
        return
    java = find_java(17 if version.startswith("5.") else 21)
    if java and shutil.which("mvn"):
        with _from_jars(java, version, more) as server:
            yield server
    elif shutil.which("docker") and _quiet("docker", "info"):
        with _in_docker(version) as server:
            yield server
    else:
        need = 17 if version.startswith("5.") else 21
        raise Neo4jNotHereError(
            f"Neo4j {version} needs Java {need}+ and Maven, or Docker, or PGRAPH_TEST_NEO4J=bolt://user:password@host"
        )


def find_java(least: int) -> str | None:
    """The oldest Java here that is new enough: JAVA_HOME, the path, and the usual folders of JDKs."""
    homes = [Path("/usr/lib/jvm"), Path("/Library/Java/JavaVirtualMachines"), Path.home() / ".sdkman/candidates/java"]
    found = [Path(os.environ["JAVA_HOME"]) / "bin/java"] if "JAVA_HOME" in os.environ else []
    found += [Path(path) for path in [shutil.which("java")] if path]
    found += [
        path for home in homes for pattern in ("*/bin/java", "*/Contents/Home/bin/java") for path in home.glob(pattern)
    ]
    fitting = [(major, str(path)) for path in found if (major := _java_major(path)) >= least]
    return min(fitting)[1] if fitting else None


def _java_major(java: Path) -> int:
    with contextlib.suppress(OSError):
        said = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=False).stderr
        if match := re.search(r'version "(\d+)', said):
            return int(match[1])
    return 0


def _quiet(*command: str) -> bool:
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def jars(version: str) -> Path:
    """The folder of the server's jars; fetched once, whoever asks, and complete when it is there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    of = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]  # other jars in the POM, another folder
    library = CACHE / f"neo4j-{version}-{of}"
    with (CACHE / "neo4j.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.is_dir():
            fresh = Path(tempfile.mkdtemp(dir=CACHE))
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fresh}"]
            command = ["mvn", "-q", "-B", "-f", str(POM), f"-Dneo4j.version={version}", *goal]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            if done.returncode:
                raise Neo4jNotHereError(f"Maven could not fetch Neo4j {version}: {done.stdout[-500:]}")
            fresh.rename(library)
    return library


@contextlib.contextmanager
def _from_jars(java: str, version: str, more: str = "") -> Iterator[Neo4jServer]:
    library = jars(version)
    with tempfile.TemporaryDirectory(prefix="neo4j-", ignore_cleanup_errors=True) as home:
        configuration = Path(home) / "conf"
        configuration.mkdir()
        (configuration / "neo4j.conf").write_text(_joined(CONFIGURATION, more))
        environment = {**os.environ, "NEO4J_HOME": home, "NEO4J_CONF": str(configuration)}
        set_password = ["org.neo4j.cli.AdminTool", "dbms", "set-initial-password", PASSWORD]
        subprocess.run([java, "-cp", f"{library}/*", *set_password], env=environment, check=True, capture_output=True)
        log_path = Path(home) / "said.log"
        flags = [f"--home-dir={home}", f"--config-dir={configuration}", "--console-mode"]
        with log_path.open("w") as log:
            process = subprocess.Popen(
                [java, *JVM, "-cp", f"{library}/*", _main_class(library, version), *flags],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            uri, http = _addresses(process, log_path)
            yield Neo4jServer(uri, USER, PASSWORD, version, process.pid, http)
        finally:
            _end(process)


def _joined(*settings: str) -> str:
    """As one file, in which nothing may stand twice: what comes last holds."""
    lines = [line.partition("=") for text in settings for line in text.split("\n") if line]
    return "".join(f"{name}={value}\n" for name, value in {name: value for name, _, value in lines}.items())


def _main_class(library: Path, version: str) -> str:
    with zipfile.ZipFile(library / f"neo4j-{version}.jar") as jar:
        newer = "org/neo4j/server/Neo4jCommunity.class" in jar.namelist()
    return "org.neo4j.server.Neo4jCommunity" if newer else "org.neo4j.server.CommunityEntryPoint"


def _addresses(process: subprocess.Popen[bytes], log_path: Path) -> tuple[str, str]:
    """Of Bolt and of HTTP."""
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and process.poll() is None:
        text = log_path.read_text(errors="replace")
        found = re.search(r"Remote interface available at (http://\S+)", text)
        if found and re.search(r"Started\.\s*$", text, re.MULTILINE):
            with urllib.request.urlopen(found[1], timeout=10) as answer:
                return str(json.load(answer)["bolt_direct"]), found[1].rstrip("/")
        time.sleep(0.1)
    raise RuntimeError(f"Neo4j did not start:\n{log_path.read_text(errors='replace')[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _in_docker(version: str) -> Iterator[Neo4jServer]:
    command = [
        "docker",
        "run",
        "--rm",
        "-d",
        "-p",
        "127.0.0.1::7687",
        "-e",
        f"NEO4J_AUTH={USER}/{PASSWORD}",
        "-e",
        "NEO4J_dbms_security_auth__max__failed__attempts=20",
        f"neo4j:{version}",
    ]
    started = subprocess.run(command, capture_output=True, text=True, check=False)
    if started.returncode:
        raise Neo4jNotHereError(f"Docker could not run neo4j:{version}: {started.stderr[-300:]}")
    name = started.stdout.strip()
    try:
        _await_log(name)
        port = subprocess.run(
            ["docker", "port", name, "7687"], capture_output=True, text=True, check=True
        ).stdout.split()[0]
        yield Neo4jServer(f"bolt://{port}", USER, PASSWORD, version)
    finally:
        subprocess.run(["docker", "kill", name], capture_output=True, check=False)


def _await_log(name: str) -> None:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end:
        said = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=False).stdout
        if "Started." in said:
            return
        time.sleep(0.5)
    raise RuntimeError(f"neo4j in Docker ({name}) did not start")


def main() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with neo4j_server(sys.argv[1] if len(sys.argv) > 1 else "") as server:
        sys.stdout.write(
            f"{server.uri} {server.user} {server.password} (Neo4j {server.version}, process {server.pid}, {server.http})\n"
        )
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
