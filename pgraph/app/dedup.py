"""`pgraph dedup`: find duplicate personas and roles with the same meaning, and write the marks."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from foundation.model import Embedder
from graphstore import normal_name
from pgraph.app.settings import Workspace
from pgraph.app.starting import require_personas
from pgraph.app.wording import counted
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
from population.matching import (
    Crowd,
    Survivors,
    Thresholds,
    VectorFile,
    find_survivors,
    keep_thresholds,
    sweep_thresholds,
    thresholds_of,
)

SWEPT = (0.75, 0.80, 0.85, 0.88, 0.90, 0.92, 0.95, 0.97)

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class DedupRequest:
    """What the command line asks for, as similarities from 0 to 1; None stands for the threshold kept in the graph."""

    threshold: float | None = None
    words: float | None = None
    roles: float | None = None


@dataclass(frozen=True, slots=True)
class DedupSummary:
    """What `dedup` found and wrote; `before` and `after`: coverage by persona and by role."""

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
        changes = self.changes
        return {
            "command": "dedup",
            "thresholds": asdict(self.thresholds),
            "personas": self.personas,
            "duplicates": self.duplicates,
            "clusters": self.clusters,
            "marked": len(changes.marked),
            "moved": len(changes.moved),
            "unmarked": len(changes.unmarked),
            "roles": self.roles,
            "roles_joined": self.joined,
            "roles_rewritten": len(changes.roles),
            "coverage": {
                kind: {"before": self.before[kind].share, "after": self.after[kind].share} for kind in self.after
            },
            "seconds": round(self.seconds, 3),
        }

    def as_text(self) -> str:
        changes, limits = self.changes, self.thresholds
        kinds = ", ".join(
            f"by {kind} {self.before[kind].coverage:.3f} -> {self.after[kind].coverage:.3f}"
            for kind in self.after
            if self.after[kind].sightings
        )
        return f"""{counted(self.personas, "persona")}: {self.duplicates:,} duplicates of {self.clusters:,} \
(words {limits.words:g}, meaning {limits.meaning:g}); \
{len(changes.marked):,} marked, {len(changes.moved):,} moved, {len(changes.unmarked):,} unmarked
{counted(self.roles, "role")}: {self.joined:,} joined to another (roles {limits.roles:g}); \
{counted(len(changes.roles), "persona")} rewritten
coverage {kinds or "unknown: no call has been made"}
{self.seconds:.1f} s"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What each threshold would do; nothing is written.

    Each row: threshold, duplicates, clusters, coverage_by_persona (of personas only), coverage_by_role, borderline.
    """

    of: str  # personas or roles
    total: int
    in_force: float
    rows: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        return {"command": "dedup", "sweep": self.of, "total": self.total, "in_force": self.in_force, "rows": self.rows}


def dedup(workspace: Workspace, request: DedupRequest, *, report: Report) -> DedupSummary:
    """Find all duplicates, join the roles, and write what differs from the graph; `report` gets the progress.

    Embeds every persona and role once; later they come from the cache. Raises `InputError` if there are no personas.
    """
    began = time.monotonic()
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        require_personas(store)
        thresholds = _requested(thresholds_of(store), request)
        people = read_people(store)
        groups = crowd_of(store, people, embedder if thresholds.meaning < 1 else None)
        tools = _Tools(embedder, workspace.data, report)
        survivors = _survivors(groups, thresholds, tools)
        roles = roles_of(people)
        joined = _join_roles(roles, thresholds.roles, tools)
        canonical = roles.canonical(joined)
        changes = changes_to_write(people, survivors, canonical)
        keep_thresholds(store, thresholds)  # first: after an interruption, the next run continues with them
        write_changes(store, changes)
        return DedupSummary(
            thresholds,
            len(people.ids),
            _duplicates(survivors),
            _clusters(survivors),
            len(roles.names),
            _duplicates(joined),
            changes,
            coverage_if(people, survivors_now(people), people.roles),
            coverage_if(people, survivors.survivor, _renamed(people, canonical)),
            time.monotonic() - began,
        )


def sweep(workspace: Workspace, request: DedupRequest, *, roles: bool, report: Report) -> Sweep:
    """Try the thresholds of SWEPT for roles, or for the meaning of personas; writes nothing.

    The threshold of words is the requested one, or the one kept in the graph.
    """
    with open_store(workspace) as store, open_embedder(workspace) as embedder:
        require_personas(store)
        limits, people = _requested(thresholds_of(store), request), read_people(store)
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
        return closing(VectorFile(crowd, self.embedder.embed, self.directory, self.reporter(f"{what} embedded")))

    def reporter(self, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self.report(what, done, total)


def _sweep_personas(people: PersonaColumns, groups: Crowd, limits: Thresholds, tools: _Tools) -> Sweep:
    with tools.vectors(groups, "personas") as vectors:
        report = tools.reporter("personas compared")
        outcomes = sweep_thresholds(groups, limits.words, SWEPT, vectors, border=_border(groups), tell=report)
    rows = [
        _row(threshold, survivors, coverage_if(people, survivors.survivor, people.roles), people.texts)
        for threshold, survivors in zip(SWEPT, outcomes, strict=True)
    ]
    return Sweep("personas", len(people.ids), limits.meaning, rows)


def _sweep_roles(people: PersonaColumns, limits: Thresholds, tools: _Tools) -> Sweep:
    roles, marked, rows = roles_of(people), survivors_now(people), []
    with tools.vectors(roles.crowd, "roles") as vectors:
        report = tools.reporter("roles compared")
        outcomes = find_roles(roles, SWEPT, vectors, border=_border(roles.crowd), tell=report)
    for threshold, survivors in zip(SWEPT, outcomes, strict=True):
        after = coverage_if(people, marked, _renamed(people, roles.canonical(survivors)))
        rows.append(_row(threshold, survivors, {"role": after["role"]}, roles.spelled))
    return Sweep("roles", len(roles.names), limits.roles, rows)


def _border(crowd: Crowd) -> float:
    """How far below a threshold a pair can be to be shown; in a large crowd, enough pairs are very close to it."""
    return 0.15 if len(crowd) < 20_000 else 0.02


def _row(threshold: float, survivors: Survivors, after: Mapping[str, Coverage], texts: list[str]) -> dict[str, Any]:
    return {
        "threshold": threshold,
        "duplicates": _duplicates(survivors),
        "clusters": _clusters(survivors),
        **{f"coverage_by_{kind}": value.share for kind, value in after.items()},
        "borderline": borderline_rows(survivors.borderline, texts),
    }


def _survivors(groups: Crowd, thresholds: Thresholds, tools: _Tools) -> Survivors:
    report = tools.reporter("personas compared")
    if thresholds.meaning >= 1:
        return find_survivors(groups, thresholds, None, tell=report)
    with tools.vectors(groups, "personas") as vectors:
        return find_survivors(groups, thresholds, vectors, tell=report)


def _join_roles(roles: RoleColumns, threshold: float, tools: _Tools) -> Survivors:
    if threshold >= 1:
        return find_roles(roles, [threshold], None)[0]
    with tools.vectors(roles.crowd, "roles") as vectors:
        return find_roles(roles, [threshold], vectors, tell=tools.reporter("roles compared"))[0]


def _requested(in_force: Thresholds, request: DedupRequest) -> Thresholds:
    requested = {"meaning": request.threshold, "words": request.words, "roles": request.roles}
    return replace(in_force, **{name: value for name, value in requested.items() if value is not None})


def _renamed(people: PersonaColumns, canonical: Mapping[str, str]) -> list[str | None]:
    """The role of each persona, with joined roles under their canonical name."""
    return [role and canonical.get(normal_name(role), role) for role in people.said]


def _duplicates(survivors: Survivors) -> int:
    return int((survivors.method > 0).sum())


def _clusters(survivors: Survivors) -> int:
    return len(set(survivors.survivor[survivors.method > 0].tolist()))
