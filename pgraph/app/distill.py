"""`pgraph group`, `pgraph ask` and `pgraph distill` put together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pgraph.app import Session, open_embedder, open_store, running, settings
from pgraph.app.expand import allowed_sources, require_personas
from pgraph.app.running import Notice, Work, ensure_groups, run_to_end
from pgraph.app.summary import SpendReport, SpendSummary
from pgraph.errors import InputError, UsageError

if TYPE_CHECKING:
    from distill.answers import Distilling, DistillPlan
    from distill.questions import Asking, AskPlan
    from distill.regions import Regions
    from expansion.runs import Run
    from graphstore.store import GraphStore
    from pgraph.embedding import CachedEmbedder
    from pgraph.prompts import Prompt


@dataclass(frozen=True, slots=True)
class SpendRequest:
    """What the command lines of `ask` and `distill` say; `kind`, `people`, `per_call` and `level` are of `ask` alone."""

    command: Literal["ask", "distill"]
    calls: int | None = None
    by: Literal["group", "domain"] = "group"
    only: tuple[str, ...] = ()  # labels or ids of groups or domains
    from_cypher: str = ""
    language: str = "en"
    context: str | None = None
    prompt: Path | None = None
    seed: int = 0
    new_run: bool = False
    kind: Literal["open", "qa", "mcq", "debate"] = "open"
    people: int = 4
    per_call: int = 3
    level: str = ""
    mode: Literal["joint", "solo"] = "joint"


def spend(
    session: Session, request: SpendRequest, *, notice: Notice, report: Callable[[SpendReport], None]
) -> SpendSummary:
    """Run `pgraph ask` or `pgraph distill` to its end.

    Ctrl-C raises KeyboardInterrupt once what was completed is written.
    """
    return run_to_end(_spend(session, request, notice, report))


def outlook(session: Session, request: SpendRequest, notice: Notice) -> list[dict[str, Any]]:
    """`--dry-run`: by region what is known there, and what the next call is expected to bring; no model is called."""
    from expansion.plan import Progress
    from expansion.runs import Run

    with open_store(session) as store, open_embedder(session) as embedder:
        prompt = _prompt(request)
        regions = _regions(store, embedder, request, notice)
        plan = _plan(session, request, regions, prompt)
        rows = _job(store, embedder, plan, Run("", "", Progress(), resumed=False), regions).outlook()
    return sorted(rows, key=lambda row: -row["new_next"] * row["personas"])


async def _spend(
    session: Session, request: SpendRequest, notice: Notice, report: Callable[[SpendReport], None]
) -> SpendSummary:
    def plan(
        store: "GraphStore", embedder: "CachedEmbedder"
    ) -> "tuple[AskPlan | DistillPlan, Callable[[AskPlan | DistillPlan, Run], Asking | Distilling]]":
        prompt = _prompt(request)  # what is wrong with it is said before the work
        regions = _regions(store, embedder, request, notice)
        return _plan(session, request, regions, prompt), lambda plan, run: _job(store, embedder, plan, run, regions)

    work = Work(request.command, plan, written="reads/distill_calls", fresh=request.new_run)
    return (await running.spend(session, work, notice, report))[0]


def _regions(store: "GraphStore", embedder: "CachedEmbedder", request: SpendRequest, notice: Notice) -> "Regions":
    """The groups, made where there are none or too many domains came since, with their people."""
    from distill import regions

    require_personas(store)
    if request.command == "distill" and not any(True for _ in store.read("reads/any_question")):
        raise InputError("the graph holds no questions yet", "Ask some first: pgraph ask --calls 20")
    allowed = allowed_sources(store, request.from_cypher)
    if request.by == "group":
        ensure_groups(store, embedder, "", notice)
    return regions.load(store, request.by, allowed)


def _only(request: SpendRequest, regions: "Regions") -> tuple[str, ...]:
    """The ids of the regions that the user named, by label or by id."""
    from graphstore.ids import normal_name

    known = {normal_name(region.label): region.id for region in regions.rows}
    known |= {region.id: region.id for region in regions.rows}
    ids = []
    for name in request.only:
        found = known.get(name) or known.get(normal_name(name))
        if found is None:
            raise UsageError(
                f"--only: there is no {request.by} {name!r} with personas",
                f"`pgraph coverage --by {request.by}` lists them.",
            )
        ids.append(found)
    return tuple(sorted(ids))


def _plan(session: Session, request: SpendRequest, regions: "Regions", prompt: "Prompt") -> "AskPlan | DistillPlan":
    from distill.answers import DistillPlan
    from distill.questions import AskPlan

    values = settings(session)
    context = values.context if request.context is None else request.context
    shared: dict[str, Any] = {
        "calls": request.calls, "unit": request.by, "only": _only(request, regions), "language": request.language,
        "context": context, "from_cypher": request.from_cypher, "seed": request.seed, "model": values.model,
        "sampling": {"temperature": values.temperature, "max_tokens": values.max_tokens},
    }  # fmt: skip
    if request.command == "distill":
        return DistillPlan(prompt, mode=request.mode, **shared)
    return AskPlan(
        prompt, kind=request.kind, people=request.people, per_call=request.per_call,
        level=request.level, **shared,
    )  # fmt: skip


def _prompt(request: SpendRequest) -> "Prompt":
    """The user's prompt; else the shipped one in this language; else the English one, which then names the language."""
    import distill as package
    from distill import answers, questions
    from pgraph.prompts import load_for

    task = "questions" if request.command == "ask" else request.mode
    shipped = Path(package.__path__[0]) / "prompts"
    own = shipped / f"{task}.{request.language}.yml"
    path = request.prompt or (own if own.exists() else shipped / f"{task}.en.yml")
    prompt = load_for(request.command, path, questions.FIELDS if request.command == "ask" else answers.FIELDS)
    if request.command == "ask":
        prompt.phrase(request.kind)  # said now, not after a model is started
    return prompt


def _job(
    store: "GraphStore", embedder: "CachedEmbedder", plan: "AskPlan | DistillPlan", run: "Run", regions: "Regions"
) -> "Asking | Distilling":
    from distill.answers import Distilling, DistillPlan
    from distill.questions import Asking

    if isinstance(plan, DistillPlan):
        return Distilling(store, plan, run, regions)
    return Asking(store, embedder, plan, run, regions)
