"""Every error a user can meet, as one tree.

    PgraphError(message, hint)            exit code
    ├── UsageError                        2   wrong use
    │   ├── SettingsError                     a setting has a value it cannot have
    │   ├── PromptError                       a prompt or relations file is not usable
    │   └── InputError                        a file to read, or its rows
    ├── StoreError                        3   the graph store
    │   ├── StoreUnavailableError             not reachable, or gone
    │   ├── ConstraintError                   a write that the schema refuses
    │   ├── QueryError                        Cypher that the store refuses (a typo, a write, a time-out)
    │   └── UnsupportedError                  this server cannot do it
    ├── ModelError                        4   the model server
    │   ├── ModelUnavailableError             not reachable, or failing for too long
    │   ├── RateLimitError                    429 for longer than we wait
    │   └── ModelSetupError                   wrong key, wrong model name, unusable request
    └── LimitReachedError                 5   a limit the user set came before the goal the user set

An error names the thing, the cause and the next step. Foreign exceptions are converted in one function per seam.
What fails for one call or one row only (a truncated reply, a bad line) is no exception but data: it is counted, written,
and the work goes on.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """How `pgraph` ends; scripts rely on the numbers."""

    DONE = 0
    SOME_FAILED = 1  # some rows, calls or items
    WRONG_USE = 2
    STORE = 3
    MODEL = 4
    LIMIT = 5  # a limit came before the goal
    INTERRUPTED = 130


class PgraphError(Exception):
    """Something went wrong that the user can act on: `message` says what and where, `hint` what to do next."""

    exit_code = ExitCode.SOME_FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PgraphError):
    exit_code = ExitCode.WRONG_USE


class SettingsError(UsageError):
    pass


class PromptError(UsageError):
    pass


class InputError(UsageError):
    pass


class StoreError(PgraphError):
    exit_code = ExitCode.STORE


class StoreUnavailableError(StoreError):
    pass


class ConstraintError(StoreError):
    pass


class QueryError(StoreError):
    """The store refuses a query; for a user's own Cypher that is wrong use, so the exit code is 2."""

    exit_code = ExitCode.WRONG_USE


class UnsupportedError(StoreError):
    pass


class ModelError(PgraphError):
    exit_code = ExitCode.MODEL


class ModelUnavailableError(ModelError):
    pass


class RateLimitError(ModelError):
    pass


class ModelSetupError(ModelError):
    pass


class LimitReachedError(PgraphError):
    exit_code = ExitCode.LIMIT
