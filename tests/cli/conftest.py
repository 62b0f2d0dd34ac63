"""`work` is an empty workspace; the tests of a run share its graph server."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from tests.cli.expanding import Field
from tests.cli.making_datasets import fill
from tests.console import Console, console

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.neo4j_server import Neo4jServer


@pytest.fixture(scope="session")
def shared_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console(tmp_path_factory.mktemp("cli")) as made:
        yield made


@pytest.fixture
def work(shared_console: Console) -> Console:
    shared_console.empty()
    shared_console.forget_replies()
    return shared_console


@pytest.fixture
def filled(work: Console) -> Field:
    """A graph with what datasets are made of."""
    field = Field(work, {})
    fill(field)
    return field


@pytest.fixture(params=["local", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def field(request: pytest.FixtureRequest, work: Console) -> Field:
    """An empty workspace, once with the local store and once with a real Neo4j."""
    env: Mapping[str, str] = {}
    if request.param == "neo4j":
        request.getfixturevalue("neo4j_store")
        server: Neo4jServer = request.getfixturevalue("neo4j")
        given = {
            "PGRAPH_STORE": server.uri,
            "PGRAPH_STORE_USER": server.user,
            "PGRAPH_STORE_PASSWORD": server.password,
        }
        env = {name: value for name, value in given.items() if value}
    return Field(work, env)


@pytest.fixture(scope="module")
def browser(chromium: str) -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    from tests.cli.in_browser import FLAGS

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def small(work: Console) -> Console:
    """A few personas of each kind in the local store."""
    from tests.cli.in_browser import MORE, write

    write(work, *MORE)
    return work


@pytest.fixture
def either(field: Field, request: pytest.FixtureRequest) -> Field:
    """As `small`, in the one store and in the other."""
    from tests.cli.in_browser import MORE, into

    into(field, request, *MORE)
    return field
