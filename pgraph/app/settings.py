"""All settings: flags, environment variables and docs/settings.md are made from the fields of `Settings`.

The first of these sources that has a value decides: flag, environment (`PGRAPH_<NAME>`), `pgraph.toml` in the
workspace, the user's file (`~/.config/pgraph/pgraph.toml`), default.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from foundation.errors import SettingsError

FILE = "pgraph.toml"


def _setting(
    default: object, text: str, *, least: float | None = None, most: float | None = None, secret: bool = False
) -> Any:  # noqa: ANN401  a dataclass field takes the type of its attribute
    return field(default=default, metadata={"help": text, "least": least, "most": most, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    store: str = _setting(
        "local", "Where the graph is kept: local, or the address of a Neo4j server (bolt://…, neo4j://…, neo4j+s://…)."
    )
    store_user: str = _setting("neo4j", "User name for Neo4j.")
    store_password: str = _setting("", "Password for Neo4j; empty: no authentication.", secret=True)
    store_database: str = _setting("neo4j", "Name of the database in Neo4j.")
    store_browser: str = _setting(
        "", "Address of Neo4j Browser; empty: the host of the store, port 7474, or with +s port 7473 over https."
    )
    local_heap: str = _setting("512m", "Java heap of the local server.")
    local_idle: float = _setting(300.0, "Seconds without a client after which the local server stops.", least=1)
    base_url: str = _setting("", "OpenAI-compatible server of the model (…/v1); empty: the small bundled model.")
    model: str = _setting("", "Name of the model at that server; empty: the first one that the server lists.")
    api_key_env: str = _setting("OPENAI_API_KEY", "Name of the environment variable that holds the API key.")
    at_once: int = _setting(
        16, "Maximum number of calls at a time; fewer if the server says that it is overloaded.", least=1
    )
    temperature: float = _setting(1.0, "Sampling temperature.", least=0)
    max_tokens: int = _setting(1024, "Maximum number of tokens in a reply.", least=1)
    timeout: float = _setting(120.0, "Seconds to wait for a reply.", least=0.1)
    patience: float = _setting(120.0, "Seconds without a successful call after which a run gives up.", least=0.1)
    price_in: float = _setting(0.0, "Price of a million prompt tokens, in your currency; 0: unknown.", least=0)
    price_out: float = _setting(0.0, "Price of a million reply tokens; 0: unknown.", least=0)
    embedding_model: str = _setting(
        "all-MiniLM-L6-v2", "sentence-transformers model, or the name of the model at embedding_url."
    )
    embedding_url: str = _setting(
        "", "OpenAI-compatible server for embeddings (…/v1); empty: computed in this process."
    )
    context: str = _setting(
        "", 'Culture, place or situation in which the personas live ("rural Odisha"); kept with the data.'
    )
    distances: str = _setting(
        "near,mid,far",
        "Distances of the relationships that `expand` asks along: near,mid,far, or some of these.",
    )
    control: float = _setting(
        0.05,
        "Share of the calls of `expand` that are drawn by chance, to measure what the choice is worth; of the first 100 calls "
        "a fifth. 0: none.",
        least=0,
        most=0.5,
    )
    count: str = _setting(
        "role,persona",
        "What `expand` counts as new when it chooses: role,persona,domain, or some of these. An answer is as new as the share of "
        "these that it names first.",
    )
    void: float = _setting(
        0.0,
        "Share of the calls of `expand` that name roles of the least covered region within reach, to get answers from there.",
        least=0,
        most=1,
    )
    verbalise: float = _setting(
        0.0,
        "`expand` asks only for personas that the model would name with a probability below this number, and for that "
        "probability; 1: any persona; 0: no probabilities.",
        least=0,
        most=1,
    )

    @property
    def sampling(self) -> dict[str, float]:
        """How a model draws its answers, as plans keep it."""
        return {"temperature": self.temperature, "max_tokens": self.max_tokens}


@dataclass(frozen=True, slots=True)
class Workspace:
    """The directory that a command works in, and the settings from its command line (`flags`)."""

    directory: Path = Path()
    flags: dict[str, object] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The directory of what pgraph keeps here: the local store, the reply cache, vectors, logs."""
        return self.directory / ".pgraph"

    @property
    def store(self) -> Path:
        """The directory in which the local server keeps its graph."""
        return self.data / "store"

    def settings(self) -> Settings:
        """The settings in force here. Raises `SettingsError`; reads up to two small files."""
        return resolve(self.directory, self.flags)[0]


def user_file() -> Path:
    """The user's settings file; it need not exist."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "pgraph" / FILE


def resolve(workspace: Path, flags: Mapping[str, object]) -> tuple[Settings, dict[str, str]]:
    """The settings in force in a workspace, and for each name the source of its value, such as "flag" or "default".

    `flags` holds only what is on the command line. Reads up to two small files. Raises `SettingsError` for an unreadable
    file, an unknown name or a wrong value.
    """
    layers = [
        ("flag", dict(flags)),
        ("environment", _environment()),
        (f"./{FILE}", _read(workspace / FILE)),
        (str(user_file()), _read(user_file())),
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for spec in fields(Settings):
        for origin, layer in layers:
            if spec.name in layer:
                values[spec.name] = _convert(spec.name, layer[spec.name], spec, origin)
                origins[spec.name] = origin
                break
        else:
            origins[spec.name] = "default"
    return Settings(**values), origins


def _environment() -> dict[str, object]:
    names = {f"PGRAPH_{spec.name.upper()}": spec.name for spec in fields(Settings)}
    return {name: os.environ[variable] for variable, name in names.items() if variable in os.environ}


def _read(path: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"{path}: not a readable TOML file ({error})", "Correct the file, or move it away."
        ) from error
    unknown = sorted(set(values) - {spec.name for spec in fields(Settings)})
    if unknown:
        raise SettingsError(f"{path}: unknown setting {unknown[0]!r}", "`pgraph settings` lists the names.")
    return values


def _convert(name: str, value: object, spec: Any, origin: str) -> object:  # noqa: ANN401  dataclasses.Field of any type
    kind: type = {"str": str, "int": int, "float": float}.get(str(spec.type), spec.type)
    try:
        wrong = isinstance(value, bool) or (kind is str and not isinstance(value, str))
        if wrong or (kind is int and isinstance(value, float)):
            raise ValueError  # noqa: TRY301  one message for every wrong value
        converted = kind(value)
    except (TypeError, ValueError):
        raise SettingsError(
            f"{name} = {value!r} ({origin}) is not {_NAMES[kind]}", "`pgraph settings` explains it."
        ) from None
    least = spec.metadata["least"]
    if least is not None and not converted >= least:
        raise SettingsError(f"{name} = {value!r} ({origin}) must be at least {least}", "`pgraph settings` explains it.")
    most = spec.metadata["most"]
    if most is not None and converted > most:
        raise SettingsError(f"{name} = {value!r} ({origin}) must be at most {most}", "`pgraph settings` explains it.")
    return converted


_NAMES = {str: "a text", int: "a whole number", float: "a number"}
