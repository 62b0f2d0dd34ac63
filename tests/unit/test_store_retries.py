"""When a transaction is tried again, by a clock that the test turns."""

import random

import pytest
from neo4j.exceptions import ClientError, Neo4jError, ServiceUnavailable, SessionExpired, TransientError

from graphstore.server import connection
from graphstore.server.connection import Connection, LocalConnection, _Retry
from tests.fakes.clock import Clock

NEO4J = Connection("bolt://127.0.0.1:1", "neo4j", "", "neo4j")  # never opened
RACE = "Neo.ClientError.Schema.ConstraintValidationFailed"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock(50.0)
    monkeypatch.setattr(connection, "time", turned)
    monkeypatch.setattr(random, "random", lambda: 0.5)  # the middle: each pause as it is
    return turned


@pytest.fixture
def local(tmp_path_factory: pytest.TempPathFactory) -> LocalConnection:
    directory = tmp_path_factory.getbasetemp()
    return LocalConnection("bolt://127.0.0.1:1", "root", "x", "graph", reader=("reader", "y"), directory=directory)


def tries(retry: _Retry, error: BaseException | None, at: Connection, most: int = 1000) -> int:
    """How often it is tried again, `most` times at the most."""
    count = 0
    while count < most and retry.wait_for_another_try(error, at):
        count += 1
    return count


def refused(code: str) -> Neo4jError:
    return Neo4jError._hydrate_neo4j(code=code, message="as the test says")


def test_a_deadlock_is_tried_again_for_all_of_patience(clock: Clock) -> None:
    error = refused("Neo.TransientError.Transaction.DeadlockDetected")
    assert isinstance(error, TransientError)
    assert tries(_Retry(8.0), error, NEO4J) > 8
    assert 8 < clock.now - 50 < 8 + 1 + 1e-9


def test_pauses_double_up_to_a_second(clock: Clock) -> None:
    tries(_Retry(8.0), refused("Neo.TransientError.Transaction.DeadlockDetected"), NEO4J, most=9)
    assert clock.pauses == pytest.approx([0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0, 1.0])


def test_the_loser_of_a_race_has_two_seconds(clock: Clock) -> None:
    error = refused(RACE)
    assert isinstance(error, ClientError)
    assert tries(_Retry(8.0), error, NEO4J) < 9
    assert 2 < clock.now - 50 < 3


def test_a_mistake_in_a_query_is_not_tried_again(clock: Clock) -> None:
    assert tries(_Retry(8.0), refused("Neo.ClientError.Statement.SyntaxError"), NEO4J) == 0
    assert tries(_Retry(8.0), ValueError("no error of a server"), NEO4J) == 0
    assert tries(_Retry(8.0), None, NEO4J) == 0
    assert clock.pauses == []


@pytest.mark.parametrize("error", [ServiceUnavailable("gone"), SessionExpired("gone")])
def test_a_broken_connection_is_tried_four_times_at_a_neo4j_and_once_here(
    clock: Clock, local: LocalConnection, error: Exception
) -> None:
    assert tries(_Retry(8.0), error, NEO4J) == 4
    assert tries(_Retry(8.0), error, local) == 1
    assert clock.now < 52


def test_broken_connections_are_counted_among_other_errors(clock: Clock, local: LocalConnection) -> None:
    retry = _Retry(8.0)
    assert retry.wait_for_another_try(ServiceUnavailable("gone"), local)
    assert retry.wait_for_another_try(refused(RACE), local)
    assert not retry.wait_for_another_try(ServiceUnavailable("gone"), local)
    assert len(clock.pauses) == 2


def test_patience_that_is_over_allows_no_try(clock: Clock) -> None:
    retry = _Retry(8.0)
    clock.now += 8.1
    assert not retry.wait_for_another_try(refused("Neo.TransientError.General.OutOfMemoryError"), NEO4J)
