"""Names of groups by a model: the most central labels -> one call a group -> check -> write.

A group of one domain has the name of the domain. If no usable name comes back, the central label stays.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from distill.groups.nearest import Vectors, neighbours
from distill.spending import DistillCall, DistillOutcome, failure_row, optional, spend
from foundation import StopReason, Unusable
from foundation.model import Chat, ChatReply, ChatRequest, Embedder, object_schema, text_schema
from foundation.prompts import Prompt
from graphstore import GraphStore, call_id, contradicts, digest, language_of, normal_name, seed_of
from population.runs import Batch, Run

LABELS = 12  # that a prompt shows
OTHERS = 4  # near groups that it names
LONGEST = 60  # characters of a name
NAME_FIELDS = {"labels", "others", "taken"}  # that a prompt may have
SCHEMA = object_schema({"name": text_schema(1, LONGEST)})
_SEPARATORS = re.compile(r"[,;/|\n]| and ")


@dataclass(frozen=True, slots=True)
class NamePlan:
    """The options of one `pgraph group --names`: the `prompt`, at most `calls` calls, the `model` and its `sampling`."""

    prompt: Prompt
    calls: int  # one for each group without a name
    model: str = ""
    sampling: Mapping[str, float] = field(default_factory=dict)

    def recipe(self) -> dict[str, Any]:
        """All that decides the names, as plain values: kept with the run."""
        return {"model": self.model, "prompt": self.prompt.digest, **self.sampling}

    def call(self, number: int, group: "Group", *, run: str, taken: str) -> DistillCall:
        """The call of `run` for `group`, the one with this `number`.

        `taken`: the name that the model gave before and another group has, else "".
        """
        context = {"others": "; ".join(group.others), "taken": taken}
        phrases = {name: optional(self.prompt, name, context[name]) for name in context if name in self.prompt.fields}
        values = {"labels": "\n".join(f"- {label}" for label in group.labels), **phrases}
        identity = call_id({**self.recipe(), "labels": group.labels, "others": group.others, "taken": taken})
        seed = seed_of(identity)
        request = ChatRequest(self.prompt.fill(values), SCHEMA, seed=seed, tag={"run": run, "call": identity})
        return DistillCall(identity, number, [], request)


@dataclass(frozen=True, slots=True)
class Group:
    """A group as a prompt describes it; `central` is its name if no model gives it one."""

    id: str
    central: str
    members: str  # digest of the domains in it
    size: int  # how many these are
    named: bool  # by a model, for these very members
    name: str
    labels: tuple[str, ...] = ()  # the most central first
    others: tuple[str, ...] = ()  # central labels of the groups next to it


def load_groups(store: GraphStore, embedder: Embedder) -> list[Group]:
    """All groups of all levels of `store`, the finest first. `embedder` embeds the labels of the domains.

    A prompt about a group does not depend on names, so the same call is made again.
    """
    rows = sorted(store.read("reads/domain_places"), key=lambda row: str(row["id"]))
    rows_by_id = {row["id"]: row for row in store.read("reads/groups")}
    if not rows:
        return []
    vectors = embedder.embed([normal_name(row["label"]) for row in rows])
    groups: list[Group] = []
    finer: dict[str, list[Group]] = {}
    ids = [row["region"] for row in rows]
    while any(ids):
        level = _of_level(rows, vectors, ids, rows_by_id, finer)
        groups += level
        finer = defaultdict(list)
        for group in level:
            finer[rows_by_id[group.id]["parent"]].append(group)
        ids = [rows_by_id[name]["parent"] if name in rows_by_id else None for name in ids]
    return groups


def _of_level(
    rows: Sequence[Mapping[str, Any]],
    vectors: Vectors,
    group_ids: Sequence[str | None],
    rows_by_id: Mapping[str, Mapping[str, Any]],
    finer: Mapping[str, Sequence[Group]],
) -> list[Group]:
    parts: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(group_ids):
        if name is not None:
            parts[name].append(number)
    centres = np.stack([vectors[part].mean(axis=0) for part in parts.values()])
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    groups = []
    for (name, part), centre in zip(parts.items(), centres, strict=True):
        order = np.argsort(-(vectors[part] @ centre), kind="stable")[:LABELS].tolist()
        labels = [rows[part[place]]["label"] for place in order]
        largest = sorted(finer.get(name, ()), key=lambda group: (-group.size, group.central))[:LABELS]
        shown_labels = [group.central for group in largest] if len(largest) > 1 else labels
        members = digest(sorted(rows[place]["id"] for place in part))
        row = rows_by_id[name]
        is_named = bool(row["named_by"]) and row["members"] == members
        groups.append(
            Group(name, labels[0], members, len(part), is_named, row["label"] or labels[0], tuple(shown_labels))
        )
    return _with_others(groups, centres)


def _with_others(groups: Sequence[Group], centres: Vectors) -> list[Group]:
    if len(groups) < 2:
        return list(groups)
    places, scores = neighbours(centres, min(OTHERS, len(groups) - 1))
    order = np.argsort(-scores, axis=1, kind="stable")
    near = np.take_along_axis(places, order, axis=1).tolist()
    labels = [group.central for group in groups]
    return [replace(group, others=tuple(map(labels.__getitem__, row))) for group, row in zip(groups, near, strict=True)]


def name_problem(name: str, labels: Sequence[str], used_names: Iterable[str]) -> Unusable | None:
    """Why `name` cannot be used for a group with these `labels`; None if it can. `used_names` are normalised."""
    if not name:
        return Unusable.EMPTY
    if len(name) > LONGEST:
        return Unusable.TOO_LONG
    normal_labels = {normal_name(label) for label in labels}
    listed = normal_labels & {normal_name(part) for part in _SEPARATORS.split(name)}
    if len(normal_labels) > 1 and len(listed) >= min(3, len(normal_labels)):
        return Unusable.A_LIST
    all_labels = "; ".join(labels)
    if contradicts(name, language_of(all_labels)) or contradicts(all_labels, language_of(name)):
        return Unusable.WRONG_LANGUAGE
    return Unusable.TAKEN if normal_name(name) in used_names else None


class Naming:
    """One run of `pgraph group --names` by a `plan` over `groups`. `stopped_by` says afterwards what ended it."""

    def __init__(self, store: GraphStore, plan: NamePlan, run: Run, groups: Sequence[Group]) -> None:
        self.plan, self.run, self.progress = plan, run.id, run.progress
        self.stopped_by: StopReason | None = None
        self._store = store
        self._groups = groups
        self._used_names = {normal_name(group.name) for group in groups if not needs_name(group)}
        answered = {row["call"] for row in store.read("reads/distill_calls", run=run.id)} if run.resumed else set()
        self._open = [
            number
            for number, group in enumerate(groups)
            if needs_name(group) and plan.call(number, group, run="", taken="").id not in answered
        ]
        self._taken_names: dict[int, str] = {}  # group number -> the name that the model gave and another group has

    async def go(self, chat: Chat, at_once: int, _: Sequence[Mapping[str, Any]], report: Callable[[], None]) -> None:
        """Ask `chat` for each group once, and once more for those whose name was taken, at most `at_once` at a time.

        `report` is called after each reply. What an interrupted run paid for comes from the reply cache: its groups are asked
        about again.
        """

        async def prepare(number: int) -> DistillCall:
            return self.plan.call(number, self._groups[number], run=self.run, taken=self._taken_names.get(number, ""))

        def learn(_: DistillOutcome) -> None:
            report()

        await spend(iter(self._open), prepare, self._absorb, learn, chat=chat, at_once=at_once)
        again = sorted(self._taken_names)
        await spend(iter(again), prepare, self._absorb, learn, chat=chat, at_once=at_once)
        self.stopped_by = StopReason.ALL_NAMED

    def _absorb(self, batch: Sequence[tuple[DistillCall, ChatReply]]) -> list[DistillOutcome]:
        """Write a batch of names. Blocking."""
        rows = Batch()
        learned = []
        for call, reply in batch:
            group = self._groups[call.region]
            name = "" if reply.failure else " ".join(str(reply.data["name"]).split()).strip("\"'.")
            problem = reply.failure or name_problem(name, group.labels, self._used_names)
            if problem == Unusable.TAKEN and call.region not in self._taken_names:
                self._taken_names[call.region] = name
                self.progress.add_call(reply, Counter(), failed=False)
            else:
                self.progress.add_call(reply, Counter([problem] if problem else []), failed=bool(problem))
                self._used_names.add(normal_name(group.name if problem else name))
                self.progress.new += not problem
                if problem:
                    failure = failure_row(self.run, call, group.id, reply, [problem], mode="name")
                    del failure["props"]["paid"]  # if it is set, `ask` counts it as a question without a result
                    rows.add("failed_on_group", **failure)
                else:
                    props = {"label": name, "named_by": self.plan.model, "named_in": self.run, "members": group.members}
                    rows.add("group", id=group.id, props=props)
            learned.append(DistillOutcome(call, [], int(bool(problem))))
        rows.add("run", id=self.run, props=self.progress.props())
        self._store.write(*rows.writes())
        return learned


def needs_name(group: Group) -> bool:
    """Whether a model should be asked for a name of `group`."""
    return group.size > 1 and not group.named
