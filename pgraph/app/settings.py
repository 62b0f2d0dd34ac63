"""Every setting, once: the fields of `Settings` are the table from which flags, variables and docs/settings.md derive.

A value is looked for in this order: flag, environment (`PGRAPH_<NAME>`), `pgraph.toml` in the workspace, the user's file
(`~/.config/pgraph/pgraph.toml`), default.
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
        "local", "Where the graph is: local, or the address of a Neo4j (bolt://…, neo4j://…, neo4j+s://…)."
    )
    store_user: str = _setting("neo4j", "User name at a Neo4j.")
    store_password: str = _setting("", "Password at a Neo4j; empty: no authentication.", secret=True)
    store_database: str = _setting("neo4j", "Database at a Neo4j.")
    store_browser: str = _setting(
        "", "Address of that Neo4j's Browser; empty: the store's host, port 7474, or with +s 7473 by https."
    )
    local_heap: str = _setting("512m", "Java heap of the local server.")
    local_idle: float = _setting(300.0, "Seconds without a client after which the local server ends.", least=1)
    base_url: str = _setting("", "OpenAI-compatible server of the model (…/v1); empty: the bundled small model.")
    model: str = _setting("", "Model name at that server; empty: the first that it lists.")
    api_key_env: str = _setting("OPENAI_API_KEY", "Name of the variable that holds the API key.")
    at_once: int = _setting(
        16, "Most calls in flight at a time; fewer when the server says that it is too many.", least=1
    )
    temperature: float = _setting(1.0, "Sampling temperature.", least=0)
    max_tokens: int = _setting(1024, "Most tokens of one reply.", least=1)
    timeout: float = _setting(120.0, "Seconds to wait for one reply.", least=0.1)
    patience: float = _setting(120.0, "Seconds without any successful call after which a run gives up.", least=0.1)
    price_in: float = _setting(0.0, "Money for a million tokens of prompts, in your currency; 0: not known.", least=0)
    price_out: float = _setting(0.0, "Money for a million tokens of replies; 0: not known.", least=0)
    embedding_model: str = _setting(
        "all-MiniLM-L6-v2", "sentence-transformers model, or the model's name at embedding_url."
    )
    embedding_url: str = _setting(
        "", "OpenAI-compatible server for embeddings (…/v1); empty: computed in this process."
    )
    context: str = _setting(
        "", 'Culture, place or situation that the personas live in ("rural Odisha"); kept with the data.'
    )
    distances: str = _setting(
        "near,mid,far",
        "The relationships that `expand` asks along, by how far apart they hold people: near,mid,far or some.",
    )
    void: float = _setting(
        0.0,
        "Share of the calls of `expand` that name roles of the least covered region within reach, so that answers land there.",
        least=0,
        most=1,
    )
    verbalise: float = _setting(
        0.0,
        "`expand` asks for each persona with the probability that the model would name it, and only for those below this "
        "number; 1: for any; 0: without probabilities.",
        least=0,
        most=1,
    )


@dataclass(frozen=True, slots=True)
class Workspace:
    """A directory that commands work in, and the settings that the command line gave (`flags`)."""

    directory: Path = Path()
    flags: dict[str, object] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """What is its own: the local store, the reply cache, vectors, logs."""
        return self.directory / ".pgraph"

    def settings(self) -> Settings:
        """The settings in force here. Raises `SettingsError`; reads up to two small files."""
        return resolve(self.directory, self.flags)[0]


def user_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "pgraph" / FILE


def resolve(workspace: Path, flags: Mapping[str, object]) -> tuple[Settings, dict[str, str]]:
    """The settings in force in a workspace, and for each name where its value came from.

    `flags` holds only what was given on the command line. Raises `SettingsError` for an unknown name or a wrong value.
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
        raise SettingsError(f"{path}: not a readable TOML file ({error})", "Mend the file, or move it away.") from error
    unknown = sorted(set(values) - {spec.name for spec in fields(Settings)})
    if unknown:
        raise SettingsError(f"{path}: unknown setting {unknown[0]!r}", "`pgraph settings` lists the names.")
    return values


def _convert(name: str, value: object, spec: Any, origin: str) -> object:  # noqa: ANN401  dataclasses.Field of any type
    kind: type = {"str": str, "int": int, "float": float}.get(str(spec.type), spec.type)
    try:
        wrong = isinstance(value, bool) or (kind is str and not isinstance(value, str))
        if wrong or (kind is int and isinstance(value, float)):
            raise ValueError  # noqa: TRY301  one message for all that does not fit
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
