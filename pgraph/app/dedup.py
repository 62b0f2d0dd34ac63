"""`pgraph dedup` put together."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from foundation.model import Embedder
from graphstore import normal_name
from pgraph.app.expand import require_personas
from pgraph.app.settings import Workspace
from pgraph.app.workspace import open_embedder, open_store
from population import Coverage
from population.duplicates import (
    Changes,
    PersonaColumns,
    RoleColumns,
    borderline_rows,
    changes_to_write,
    coverage_if,
    crowd_of,
    find_roles,
    read_people,
    roles_of,
    survivors_now,
    write_changes,
)
from population.matching import Crowd, Survivors, Thresholds, VectorFile, find_survivors, keep_thresholds, thresholds_of
from population.matching import sweep_thresholds as tried

SWEPT = (0.75, 0.80, 0.85, 0.88, 0.90, 0.92, 0.95, 0.97)

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class DedupRequest:
    """What the command line asks for; None: what is in force in the graph."""

    threshold: float | None = None
    words: float | None = None
    roles: float | None = None


@dataclass(frozen=True, slots=True)
class DedupSummary:
    thresholds: Thresholds
    personas: int
    duplicates: int
    clusters: int
    roles: int
    joined: int
    changes: Changes
    before: dict[str, Coverage]
    after: dict[str, Coverage]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        made = self.changes
        return {
            "command": "dedup",
            "thresholds": asdict(self.thresholds),
            "personas": self.personas,
            "duplicates": self.duplicates,
            "clusters": self.clusters,
            "marked": len(made.marked),
            "moved": len(made.moved),
            "unmarked": len(made.unmarked),
            "roles": self.roles,
            "roles_joined": self.joined,
            "roles_rewritten": len(made.roles),
            "coverage": {
                kind: {"before": self.before[kind].share, "after": self.after[kind].share} for kind in self.after
            },
            "seconds": round(self.seconds, 3),
        }

    def as_text(self) -> str:
        made, limits = self.changes, self.thresholds
        kinds = ", ".join(
            f"by {kind} {self.before[kind].coverage:.3f} -> {self.after[kind].coverage:.3f}"
            for kind in self.after
            if self.after[kind].sightings
        )
        return f"""{self.personas:,} personas: {self.duplicates:,} duplicates of {self.clusters:,} \
(words {limits.words:g}, meaning {limits.meaning:g}); \
{len(made.marked):,} marked, {len(made.moved):,} moved, {len(made.unmarked):,} taken back
{self.roles:,} roles: {self.joined:,} joined to another (roles {limits.roles:g}); {len(made.roles):,} personas rewritten
coverage {kinds or "not known: no call was made"}
{self.seconds:.1f} s"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What each threshold would do; nothing is written."""

    of: str  # personas or roles
    total: int
    in_force: float
    rows: list[
        dict[str, Any]
    ]  # threshold, duplicates, clusters, coverage by persona (of personas) and role, borderline

    def as_json(self) -> dict[str, Any]:
        return {"command": "dedup", "sweep": self.of, "total": self.total, "in_force": self.in_force, "rows": self.rows}


def dedup(workspace: Workspace, request: DedupRequest, *, report: Report) -> DedupSummary:
    """Find all duplicates, join the roles, write what differs from the graph."""
    began = time.monotonic()
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        require_personas(store)
        thresholds = _chosen(thresholds_of(store), request)
        people = read_people(store)
        groups = crowd_of(store, people, embedder if thresholds.meaning < 1 else None)
        tools = _Tools(embedder, workspace.data, report)
        found = _found(groups, thresholds, tools)
        roles = roles_of(people)
        joined = _joined(roles, thresholds.roles, tools)
        canonical = roles.canonical(joined)
        made = changes_to_write(people, found, canonical)
        keep_thresholds(store, thresholds)  # first: what is cut off now goes on with the same thresholds
        write_changes(store, made)
        return DedupSummary(
            thresholds,
            len(people.ids),
            _duplicates(found),
            _clusters(found),
            len(roles.names),
            _duplicates(joined),
            made,
            coverage_if(people, survivors_now(people), people.roles),
            coverage_if(people, found.survivor, _renamed(people, canonical)),
            time.monotonic() - began,
        )


def sweep(workspace: Workspace, request: DedupRequest, *, roles: bool, report: Report) -> Sweep:
    """Try thresholds; of personas those of meaning, with the words' as asked for, or as in force."""
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        require_personas(store)
        limits, people = _chosen(thresholds_of(store), request), read_people(store)
        groups = None if roles else crowd_of(store, people, embedder)
    with open_embedder(workspace) as embedder:
        tools = _Tools(embedder, workspace.data, report)
        if groups is None:
            return _sweep_roles(people, limits, tools)
        return _sweep_personas(people, groups, limits, tools)


@dataclass(frozen=True, slots=True)
class _Tools:
    embedder: Embedder
    directory: Path  # for vectors while they are compared
    report: Report

    def vectors(self, crowd: Crowd, what: str) -> closing[VectorFile]:

        return closing(VectorFile(crowd, self.embedder.embed, self.directory, self.tell(f"{what} embedded")))

    def tell(self, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self.report(what, done, total)


def _sweep_personas(people: PersonaColumns, groups: Crowd, limits: Thresholds, tools: _Tools) -> Sweep:

    with tools.vectors(groups, "personas") as vectors:
        tell = tools.tell("personas compared")
        found = tried(groups, limits.words, SWEPT, vectors, border=_border(groups), tell=tell)
    rows = [
        _row(threshold, each, coverage_if(people, each.survivor, people.roles), people.texts)
        for threshold, each in zip(SWEPT, found, strict=True)
    ]
    return Sweep("personas", len(people.ids), limits.meaning, rows)


def _sweep_roles(people: PersonaColumns, limits: Thresholds, tools: _Tools) -> Sweep:

    roles, marked, rows = roles_of(people), survivors_now(people), []
    with tools.vectors(roles.crowd, "roles") as vectors:
        tell = tools.tell("roles compared")
        found = find_roles(roles, SWEPT, vectors, border=_border(roles.crowd), tell=tell)
    for threshold, each in zip(SWEPT, found, strict=True):
        after = coverage_if(people, marked, _renamed(people, roles.canonical(each)))
        rows.append(_row(threshold, each, {"role": after["role"]}, roles.spelled))
    return Sweep("roles", len(roles.names), limits.roles, rows)


def _border(crowd: Crowd) -> float:
    """How far below a threshold pairs are looked at: in a large crowd more lie near to it than are shown."""
    return 0.15 if len(crowd) < 20_000 else 0.02


def _row(threshold: float, found: Survivors, after: Mapping[str, Coverage], texts: list[str]) -> dict[str, Any]:

    return {
        "threshold": threshold,
        "duplicates": _duplicates(found),
        "clusters": _clusters(found),
        **{f"coverage_by_{kind}": value.share for kind, value in after.items()},
        "borderline": borderline_rows(found.borderline, texts),
    }


def _found(groups: Crowd, thresholds: Thresholds, tools: _Tools) -> Survivors:

    tell = tools.tell("personas compared")
    if thresholds.meaning >= 1:
        return find_survivors(groups, thresholds, None, tell=tell)
    with tools.vectors(groups, "personas") as vectors:
        return find_survivors(groups, thresholds, vectors, tell=tell)


def _joined(roles: RoleColumns, least: float, tools: _Tools) -> Survivors:

    if least >= 1:
        return find_roles(roles, [least], None)[0]
    with tools.vectors(roles.crowd, "roles") as vectors:
        return find_roles(roles, [least], vectors, tell=tools.tell("roles compared"))[0]


def _chosen(kept: Thresholds, request: DedupRequest) -> Thresholds:
    asked = {"meaning": request.threshold, "words": request.words, "roles": request.roles}
    return replace(kept, **{name: value for name, value in asked.items() if value is not None})


def _renamed(people: PersonaColumns, canonical: Mapping[str, str]) -> list[str | None]:

    return [said and canonical.get(normal_name(said), said) for said in people.said]


def _duplicates(found: Survivors) -> int:
    return int((found.method > 0).sum())


def _clusters(found: Survivors) -> int:
    return len(set(found.survivor[found.method > 0].tolist()))
