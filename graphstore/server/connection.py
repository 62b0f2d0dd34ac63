"""A connection to a server over Bolt with the official driver, whichever server answers.

The only home of `neo4j`. Transactions are begun here, not in the driver's managed functions, because those retry for
half a minute against a server that was lost and never retry a lost MERGE race.
"""

import importlib.abc
import logging
import random
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from foundation.errors import ConstraintError, QueryError, SettingsError, StoreError, StoreUnavailableError

if TYPE_CHECKING:
    import neo4j

Run = Callable[[str, Mapping[str, Any]], None]  # runs one statement in the current transaction
SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
_RACE = "Neo.ClientError.Schema.ConstraintValidationFailed"  # what the loser of a MERGE race gets
_RACE_PATIENCE = 2.0  # the winner has committed by then: what still fails was not a race
_CONNECT_WITHIN = 5.0
_FETCH = 2000


class Connection:
    """A server that speaks Bolt, a Neo4j (5.26 or newer). Nothing is opened before the first use."""

    engine: ClassVar[str] = "neo4j"
    patience: ClassVar[float] = 8.0  # seconds of trying again after a deadlock, a lost race or a broken connection

    def __init__(self, uri: str, user: str, password: str, database: str) -> None:
        if not _is_address(uri):
            raise SettingsError(
                f"store = {uri!r} is neither local nor the address of a Neo4j",
                "Write it as bolt://host:7687 or neo4j://host:7687 (+s with encryption).",
            )
        self.uri = uri
        self.database = database
        self.user = user
        self._auth = (user, password) if password else None

    @cached_property
    def driver(self) -> "neo4j.Driver":
        return self._open(self._auth)

    def _open(self, auth: tuple[str, str] | None) -> "neo4j.Driver":
        driver_module = _import_neo4j()
        try:
            driver: neo4j.Driver = driver_module.GraphDatabase.driver(
                self.uri,
                auth=auth,
                connection_timeout=_CONNECT_WITHIN,
                connection_acquisition_timeout=2 * _CONNECT_WITHIN,
                telemetry_disabled=True,
                notifications_min_severity="OFF",  # it would warn of every label that is not used yet
            )
        except (driver_module.exceptions.ConfigurationError, ValueError) as error:
            raise SettingsError(f"store = {self.uri!r}: {error}", "Write it as bolt://host:7687.") from error
        return driver

    def ping(self) -> None:
        """Raise `StoreUnavailableError` when the server cannot be reached or refuses the login."""
        with self.converted():
            self.driver.verify_connectivity()

    def agent(self) -> str:
        """What the server calls itself, such as Neo4j/5.26.31."""
        with self.converted():
            return str(self.driver.get_server_info().agent)

    def stream(self, text: str, parameters: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        """Rows as they arrive; a broken connection is tried again as long as no row has been handed out."""
        retry = _Retry(self.patience)
        while True:
            handed_out = False
            try:
                with self.converted(), self.driver.session(**self.session("READ")) as session:
                    with session.begin_transaction() as transaction, self.interruptible():
                        answer = transaction.run(text, dict(parameters))
                        names = answer.keys()
                        for record in answer:
                            handed_out = True
                            yield dict(zip(names, record, strict=True))  # dict(record) looks each name up
                    return
            except StoreError as error:
                if handed_out or not retry.wait_for_another_try(error.__cause__, self):
                    raise

    def in_transaction(self, work: Callable[[Run], None]) -> None:
        """Run idempotent work in one transaction, again after a deadlock, a lost MERGE race or a broken connection."""
        retry = _Retry(self.patience)
        while True:
            try:
                with self.converted(), self.driver.session(**self.session("WRITE")) as session:
                    with session.begin_transaction() as transaction, self.interruptible():
                        work(partial(_run, transaction))
                        transaction.commit()
                    return
            except StoreError as error:
                if not retry.wait_for_another_try(error.__cause__, self):
                    raise

    def execute_schema(self, text: str) -> None:
        """A schema statement, in its own transaction; one that another process is just executing counts as done."""
        self.in_transaction(lambda run: run(text, {}))

    def session(self, mode: str) -> dict[str, Any]:
        options: dict[str, Any] = {"database": self.database, "default_access_mode": mode, "fetch_size": _FETCH}
        if self.uri.startswith("neo4j"):  # in a cluster a read must see what this process wrote
            options["bookmark_manager"] = self.driver.execute_query_bookmark_manager
        return options

    def close(self) -> None:
        if "driver" in self.__dict__:
            self.driver.close()

    @contextmanager
    def converted(self) -> Iterator[None]:
        """Turn every exception of the driver into one of pgraph's."""
        exceptions = _import_neo4j().exceptions
        try:
            yield
        except (exceptions.Neo4jError, exceptions.DriverError, OSError) as error:
            if (interrupt := _interrupt_behind(error)) is not None:
                raise interrupt from None
            if isinstance(error, exceptions.Neo4jError):
                raise self._refused(error) from error
            raise self.unavailable(str(error)) from error

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Ctrl-C closes the connection at once: closing the transaction alone waits for the server's answer."""
        try:
            yield
        except KeyboardInterrupt:
            self.driver.close()
            raise

    def _refused(self, error: "neo4j.exceptions.Neo4jError") -> StoreError:
        code, text = error.code or "", error.message or str(error)
        if code == "Neo.ClientError.Security.AuthenticationRateLimit":
            return StoreUnavailableError(
                f"{self.uri} has locked {self.user!r} out for some seconds: too many wrong passwords",
                "Set PGRAPH_STORE_USER and PGRAPH_STORE_PASSWORD, wait ten seconds and run the command again.",
            )
        if code.startswith("Neo.ClientError.Security.") and not code.endswith(".Forbidden"):
            return StoreUnavailableError(
                f"{self.uri} refuses the login of {self.user!r} ({code.rpartition('.')[2]})",
                "Set PGRAPH_STORE_USER and PGRAPH_STORE_PASSWORD.",
            )
        if code == "Neo.ClientError.Database.DatabaseNotFound":
            return StoreUnavailableError(f"{self.uri} has no database {self.database!r}", "Set PGRAPH_STORE_DATABASE.")
        if code.startswith("Neo.TransientError.General.DatabaseUnavailable"):
            return self.unavailable(text)
        if code == _RACE:
            return ConstraintError(f"the graph's schema refuses a write: {_one_line(text)}", "Nothing of it was kept.")
        return self._write_error(code, text) or QueryError(
            f"the store refuses the query: {text.strip()} ({code})", _hint(code)
        )

    def _write_error(self, code: str, text: str) -> StoreError | None:
        """The error for a write that the server could not keep; None if the error is about something else."""
        if code.startswith(("Neo.TransientError.", "Neo.DatabaseError.")):
            return StoreError(
                f"the store could not do it: {_one_line(text)} ({code})", "Run the same command again: it continues."
            )
        return None

    def unavailable(self, reason: str) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"no Neo4j answers at {self.uri}: {_one_line(reason)}",
            "Start it, or correct the address in PGRAPH_STORE; the same command then continues, nothing written is lost.",
        )


class LocalConnection(Connection):
    """The embedded server of a workspace (see graphstore.server.local)."""

    engine: ClassVar[str] = "local"
    patience: ClassVar[float] = 8.0

    def __init__(
        self, uri: str, user: str, password: str, database: str, *, reader: tuple[str, str], directory: Path
    ) -> None:
        super().__init__(uri, user, password, database)
        self._reader = reader
        self.directory = directory

    @cached_property
    def reader(self) -> "neo4j.Driver":
        """Logged in as the user that the engine keeps from writing."""
        return self._open(self._reader)

    def close(self) -> None:
        if "reader" in self.__dict__:
            self.reader.close()
        super().close()

    def _write_error(self, code: str, text: str) -> StoreError | None:

        if "error on commit" in text.lower() and shutil.disk_usage(self.directory).free < 64_000_000:
            return StoreError(
                f"the disk of {self.directory} is full: the last batch was not kept",
                "Make room, then run the same command again: it continues, nothing written is lost.",
            )
        if "heap budget exceeded" in text:
            return StoreError(
                "the query needs more memory than the local server has for queries, half of local_heap",
                "`pgraph local stop`, then run the command again with more, such as PGRAPH_LOCAL_HEAP=4g.",
            )
        if code == "Neo.ClientError.Transaction.TransactionNotFound":
            return StoreError(
                f"the local store could not commit: {_one_line(text)}", "Run the same command again: it continues."
            )
        return super()._write_error(code, text)

    def unavailable(self, reason: str) -> StoreUnavailableError:
        log = self.directory / "server.log"
        with suppress(OSError):
            if "OutOfMemoryError" in log.read_text(encoding="utf-8", errors="replace")[-400:]:
                reason = "it ran out of memory: set local_heap higher, such as PGRAPH_LOCAL_HEAP=2g"
        return StoreUnavailableError(
            f"the local graph server of {self.directory} has gone ({_one_line(reason)})",
            f"Run the same command again: it starts the server and continues; nothing written is lost. Its log is {log}.",
        )


def _run(transaction: "neo4j.Transaction", text: str, parameters: Mapping[str, Any]) -> None:
    transaction.run(text, dict(parameters)).consume()


def _interrupt_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The Ctrl-C during the handling of which this error occurred."""
    context = error.__context__
    while context is not None and not isinstance(context, KeyboardInterrupt):
        context = context.__context__
    return context


def _is_address(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        return False


class _Retry:
    """Whether, and when, to try again."""

    def __init__(self, patience: float) -> None:
        self._start = time.monotonic()
        self._patience = patience
        self._pause = 0.02
        self._broken_connections = 0

    def wait_for_another_try(self, error: BaseException | None, connection: Connection) -> bool:
        """True, after a pause, when another try may help."""
        exceptions = _import_neo4j().exceptions
        patience = self._patience
        if isinstance(error, exceptions.ServiceUnavailable | exceptions.SessionExpired):
            self._broken_connections += 1
            may_help = self._broken_connections == 1 or (connection.engine == "neo4j" and self._broken_connections <= 4)
        elif getattr(error, "code", "") == _RACE:
            may_help = True
            patience = _RACE_PATIENCE
        else:
            may_help = isinstance(error, exceptions.TransientError)
        if not may_help or time.monotonic() > self._start + patience:
            return False
        time.sleep(self._pause * (0.5 + random.random()))
        self._pause = min(2 * self._pause, 1.0)
        return True


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"


def _hint(code: str) -> str:
    if "TimedOut" in code or "Terminated" in code:
        return "Ask for less, or allow more time with --timeout."
    return "`pgraph query` lists queries that work."


class _WithoutArrays(importlib.abc.MetaPathFinder):
    """Hides numpy, pandas and pyarrow from one thread while it imports the driver.

    The driver imports them only to convert their types, which no statement here passes; it would take twice as long.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:  # noqa: ARG002  the protocol
        if name in ("numpy", "pandas", "pyarrow") and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(name, name=name)
        return None


def _import_neo4j() -> Any:  # noqa: ANN401  a module
    if "neo4j" in sys.modules:
        import neo4j

        return neo4j
    finder = _WithoutArrays()
    sys.meta_path.insert(0, finder)
    try:
        import neo4j
    finally:
        sys.meta_path.remove(finder)
    logging.getLogger("neo4j").addHandler(logging.NullHandler())  # what matters arrives as an exception
    return neo4j
