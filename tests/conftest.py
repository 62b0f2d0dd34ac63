"""The two engines behind one fixture: `store` is an empty graph, once on the local server and once on a real Neo4j."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from graphstore.server import local
from graphstore.server.bolt import BoltStore
from tests.neo4j_server import Neo4jNotHereError, Neo4jServer, neo4j_server

hypothesis.settings.register_profile("here", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("here")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else no process that a test starts hears Ctrl-C

ENGINES = ["local", pytest.param("neo4j", marks=pytest.mark.neo4j)]
_MISSING = pytest.StashKey[str]()
_NO_BROWSER = pytest.StashKey[str]()


_LONG_FIRST = ("cli", "integration", "model", "contract")  # folders


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Several workers (`-n 2`) take whole files in the order below, so what the tests of a file share is made once."""
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # xdist has no types

    if config.getvalue("dist") != "load":
        return None  # as the command line says
    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders of long tests first, else a worker is left with a long file while the others have nothing to do."""
    ranks = {folder: rank for rank, folder in enumerate(_LONG_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.parent.name, len(ranks)))


@pytest.fixture(scope="session")
def neo4j(pytestconfig: pytest.Config) -> Iterator[Neo4jServer]:
    """A real Neo4j; without one its tests are skipped, with PGRAPH_REQUIRE_NEO4J=1 they fail."""
    running = neo4j_server()
    try:
        server = running.__enter__()
    except Neo4jNotHereError as error:
        if os.environ.get("PGRAPH_REQUIRE_NEO4J") == "1":
            pytest.fail(f"PGRAPH_REQUIRE_NEO4J=1, but {error}", pytrace=False)
        pytestconfig.stash[_MISSING] = str(error)
        pytest.skip(str(error))
    try:
        if not server.pid:
            _require_empty(server)
        yield server
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> str:
    """The path of a Chromium; without one its tests are skipped, with PGRAPH_REQUIRE_CHROMIUM=1 they fail."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        missing = "there is no Chromium (on Debian, apt-get install chromium)"
        if os.environ.get("PGRAPH_REQUIRE_CHROMIUM") == "1":
            pytest.fail(f"PGRAPH_REQUIRE_CHROMIUM=1, but {missing}", pytrace=False)
        pytestconfig.stash[_NO_BROWSER] = missing
        pytest.skip(missing)
    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _MISSING in config.stash:
        terminalreporter.write_line(f"NEO4J WAS NOT TESTED: {config.stash[_MISSING]}", red=True, bold=True)
    if _NO_BROWSER in config.stash:
        terminalreporter.write_line(f"NO PAGE WAS OPENED: {config.stash[_NO_BROWSER]}", red=True, bold=True)


@pytest.fixture(scope="session")
def local_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of a local server that all tests of a run share."""
    directory = tmp_path_factory.mktemp("local") / "store"
    yield directory
    local.stop(directory)


@pytest.fixture
def local_store(local_directory: Path) -> Iterator[BoltStore]:
    with local.connect(local_directory, heap="512m", idle=120) as store:
        assert isinstance(store, BoltStore)
        yield _emptied(store)


@pytest.fixture
def neo4j_store(neo4j: Neo4jServer) -> Iterator[BoltStore]:
    with BoltStore(neo4j.uri, neo4j.user, neo4j.password, "neo4j") as store:
        yield _emptied(store)


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest) -> BoltStore:
    """An empty graph with the schema in place, on each engine in turn."""
    found = request.getfixturevalue(f"{request.param}_store")
    assert isinstance(found, BoltStore)
    return found


def _emptied(store: BoltStore) -> BoltStore:
    store.migrate()
    labels = {
        label for row in store.stream("MATCH (n) RETURN DISTINCT labels(n) AS labels", {}) for label in row["labels"]
    }
    for label in labels - {"Migration"}:
        store.execute_schema(f"MATCH (n:{label}) DETACH DELETE n")
    return store


def _require_empty(server: Neo4jServer) -> None:
    with BoltStore(server.uri, server.user, server.password, "neo4j") as store:
        held = next(store.stream("MATCH (n) WHERE NOT n:Migration RETURN count(n) AS n", {}))["n"]
    if held:
        pytest.exit(f"{server.uri} holds {held} nodes; the tests empty the database, so give them one of their own", 3)
