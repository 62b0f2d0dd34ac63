"""What the tests of `pgraph expand` share: a fake model, a store of either kind, a population to start from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.console import Console, Done
from tests.fakes import world
from tests.fakes.server import FakeServer

RELATIONS = "relations:\n" + "".join(
    f"  - {{id: {k}, family: {k}, phrase: someone met through {k}}}\n" for k in world.KINDS
)


@dataclass(frozen=True)
class Field:
    """A workspace, the store it uses (by its environment) and the model it asks."""

    work: Console
    store: Mapping[str, str]

    def env(self, model: FakeServer, more: Mapping[str, str] | None = None) -> dict[str, str]:
        url = model.base_url
        asked = {"PGRAPH_BASE_URL": url, "PGRAPH_EMBEDDING_URL": url, "PGRAPH_EMBEDDING_MODEL": "fake-model"}
        return {**self.store, **asked, **(more or {})}

    def seed(self, count: int = 10) -> None:
        rows = "".join(json.dumps(row) + "\n" for row in world.personas(count))
        self.work.write("relations.yml", RELATIONS)
        self.work.run("import", self.work.write("seeds.jsonl", rows), env=self.store)

    def arguments(self, *more: str) -> tuple[str, ...]:
        return ("--json", "expand", "--depth", "2", "--relations", "relations.yml", *more)

    def expand(self, model: FakeServer, *more: str, code: int | None = 0, env: Mapping[str, str] | None = None) -> Done:
        return self.work.run(*self.arguments(*more), env=self.env(model, env), code=code)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The answer to a query of Cypher."""
        found: list[dict[str, Any]] = self.work.run("cypher", query, "--format", "json", env=self.store).json
        return found

    def personas(self) -> list[dict[str, Any]]:
        """The export, without what differs from run to run: the run's id."""
        out = self.work.run("export", "personas", "--all", "-o", "-", env=self.store).out
        rows = [json.loads(line) for line in out.splitlines()]
        for row in rows:
            for sighting in [*row["derived_from"], *row["imported_by"]]:
                del sighting["run"]
            row["derived_from"].sort(key=lambda sighting: sorted(sighting.items()))
        return rows
