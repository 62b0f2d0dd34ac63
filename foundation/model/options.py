"""The options of a model server and of an embedding model: plain values, wherever the caller has them from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """How a model is reached, how it samples, and how patient its callers are.

    `base_url` "" is the bundled model; `model` "" is the first that the server lists; `api_key_env` names the variable with
    the key. At most `at_once` calls are in flight; each samples at `temperature`, at most `max_tokens`. `timeout` is for one
    reply, `patience` for a run without any successful call, both in seconds.
    """

    base_url: str = ""
    model: str = ""
    api_key_env: str = "OPENAI_API_KEY"  # the variable that holds the key
    at_once: int = 16  # calls in flight
    temperature: float = 1.0
    max_tokens: int = 1024  # of one reply
    timeout: float = 120.0
    patience: float = 120.0


@dataclass(frozen=True, slots=True)
class EmbeddingOptions:
    """Which `model` turns texts into vectors, and where: `url` "" is this process.

    `api_key_env` names the variable with the key of that server; `timeout` in seconds is for one request.
    """

    model: str = "all-MiniLM-L6-v2"
    url: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    timeout: float = 120.0  # seconds for one request
