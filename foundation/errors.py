"""Every error a user can meet, as one tree.

    PgraphError(message, hint)            exit code
    ├── UsageError                        2   wrong use
    │   ├── SettingsError                     a setting has a value it cannot have
    │   ├── PromptError                       a prompt or relations file is not usable
    │   └── InputError                        a file to read, or its rows
    ├── StoreError                        3   the graph store
    │   ├── StoreUnavailableError             not reachable, or lost
    │   ├── ConstraintError                   a write that the schema refuses
    │   ├── QueryError                        Cypher that the store refuses (a typo, a write, a time-out)
    │   └── UnsupportedError                  this server cannot do it
    ├── ModelError                        4   the model server
    │   ├── ModelUnavailableError             not reachable, or failing for too long
    │   ├── RateLimitError                    429 for longer than we wait
    │   └── ModelSetupError                   wrong key, wrong model name, unusable request
    └── LimitReachedError                 5   a limit the user set came before the goal the user set

An error names the thing, the cause and the next step. Each module that uses a foreign library converts its exceptions in
one function.
What fails for one call or one row only (a truncated reply, a bad line) is not an exception but data: it is counted and
written, and the work continues.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `pgraph`; scripts rely on the numbers."""

    DONE = 0
    SOME_FAILED = 1  # some rows, calls or items
    WRONG_USE = 2
    STORE = 3
    MODEL = 4
    LIMIT = 5  # a limit came before the goal
    INTERRUPTED = 130


class PgraphError(Exception):
    """An error that the user can act on. `message` says what is wrong and where, `hint` what to do next ("" for nothing).

    >>> error = InputError("rows.csv: no such file", "Check the name.")
    >>> str(error), error.hint, int(error.exit_code)
    ('rows.csv: no such file', 'Check the name.', 2)
    """

    exit_code = ExitCode.SOME_FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PgraphError):
    """The command or its input is wrong; trying it again unchanged cannot help."""

    exit_code = ExitCode.WRONG_USE


class SettingsError(UsageError):
    """A setting has a value that it cannot have."""


class PromptError(UsageError):
    """A prompt, rubric, task or relations file is not usable."""


class InputError(UsageError):
    """A file cannot be read or written, or its rows are not usable."""


class StoreError(PgraphError):
    """The graph store failed."""

    exit_code = ExitCode.STORE


class StoreUnavailableError(StoreError):
    """The graph store cannot be reached, refuses the login, or was lost."""


class ConstraintError(StoreError):
    """The schema of the graph refuses a write."""


class QueryError(StoreError):
    """The store refuses a query. The query is the user's own Cypher, so the exit code is that of wrong use, 2."""

    exit_code = ExitCode.WRONG_USE


class UnsupportedError(StoreError):
    """This server, or this version of it, cannot do what was asked."""


class ModelError(PgraphError):
    """The model server failed, for this call and for those that would follow."""

    exit_code = ExitCode.MODEL


class ModelUnavailableError(ModelError):
    """The model server cannot be reached, or has failed for too long."""


class RateLimitError(ModelError):
    """The model server has answered 429 for longer than we wait, or the quota is used up."""


class ModelSetupError(ModelError):
    """The key, the name of the model or the request itself is wrong."""


class LimitReachedError(PgraphError):
    """A limit that the user set was reached before the goal that the user set."""

    exit_code = ExitCode.LIMIT
