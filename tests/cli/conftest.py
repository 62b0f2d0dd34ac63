"""`work` is an empty workspace; the tests of a run share its graph server."""

from collections.abc import Iterator

import pytest

from tests.console import Console, console


@pytest.fixture(scope="session")
def shared_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console(tmp_path_factory.mktemp("cli")) as made:
        yield made


@pytest.fixture
def work(shared_console: Console) -> Console:
    shared_console.empty()
    return shared_console
