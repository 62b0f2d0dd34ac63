import json
from pathlib import Path

import pytest

import expansion
from expansion.personas.plan import PERSONA_PROMPT, Limits, Plan, reply_schema
from expansion.personas.rebuilding import about_persona, about_text
from expansion.texts.plan import STANCES, TEXT_PROMPT, TextPlan, load_stances
from foundation.errors import PromptError, UsageError
from foundation.model.chat import checked
from foundation.model.messages import ChatReply
from foundation.prompts import load_prompt
from graphstore.files.documents import Piece
from population.relations import DISTANCES, RELATIONS, at_distances, load_relations
from population.runs.progress import RunProgress

SHIPPED = Path(expansion.__path__[0]) / "prompts" / "persona_to_persona.yml"
MINIMAL = "name: p\nfields: [who]\nmessages:\n  - {role: user, content: 'ask {who}'}\n"


def plan(**changes: object) -> Plan:
    given: dict[str, object] = {
        "depth": 2, "limits": Limits(calls=10), "per_call": 3, "strategy": "coverage",
        "relations": load_relations(), "prompt": load_prompt(SHIPPED), "model": "m",
    }  # fmt: skip
    return Plan(**(given | changes))  # type: ignore[arg-type]  # the values have their types above


def test_a_field_is_filled_once_and_other_braces_stay() -> None:
    request = plan().request("r1", "p1", 'Somebody who writes {count} and {"a": 1}', 0)
    asked = request.messages[-1]["content"]
    assert 'Somebody who writes {count} and {"a": 1}' in asked
    assert "Describe 3 people" in asked
    assert {message["role"] for message in request.messages[:-1]} == {"system", "user", "assistant"}


def test_the_shipped_prompt_begins_with_what_never_changes() -> None:
    first, second = (plan().request("r1", f"p{n}", f"Person {n}", n).messages for n in (0, 1))
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "does not hold a mapping"),
        ("a: [", "not YAML"),
        (MINIMAL.replace("name: p\n", ""), "not a prompt file"),
        (MINIMAL.replace("[who]", "[who, where]"), "'where' is used in no message"),
        (MINIMAL.replace("role: user", "role: tester"), "unknown role 'tester'"),
        (MINIMAL.replace("role: user", "role: system"), "the last message must be the user's"),
    ],
)
def test_a_prompt_file_that_will_not_do_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "prompt.yml"
    path.write_text(text)
    with pytest.raises(PromptError, match=r"prompt\.yml") as caught:
        load_prompt(path)
    assert told in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("relations: []", "has no list named relations"),
        ("relations: [{id: a, family: f}]", "entry 1 has no phrase"),
        ("relations: [{id: A b, family: f, phrase: p}]", "is not lower-case letters"),
        ("relations: [{id: a, family: f, phrase: p, colour: red}]", "unknown key 'colour'"),
        ("relations: [{id: a, family: f, phrase: p}, {id: a, family: f, phrase: p}]", "appears twice"),
        ("relations: [{id: a, family: f, phrase: p, inverse: b}]", "'b', is not in the list"),
        ("relations: [nurse]", "entry 1 is not a mapping"),
    ],
)
def test_a_relations_file_that_will_not_do_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "relations.yml"
    path.write_text(text)
    with pytest.raises(PromptError, match=r"relations\.yml") as caught:
        load_relations(path)
    assert told in caught.value.message


def test_the_shipped_relations_are_sound() -> None:
    relations = {relation.id: relation for relation in load_relations()}
    assert len({relation.family for relation in relations.values()}) >= 8
    for relation in relations.values():
        assert not (relation.symmetric and relation.inverse)
        if relation.inverse:
            assert relations[relation.inverse].inverse == relation.id


def test_a_call_is_named_by_what_decides_its_answer_and_not_by_its_run() -> None:
    call = plan().call_id("p1", 0)
    assert [plan().request(run, "p1", "text", 0).tag["call"] for run in ("r1", "r2")] == [call, call]
    others = [
        plan(per_call=4),
        plan(model="other"),
        plan(seed=1),
        plan(context="rural Odisha"),
        plan(sampling={"temperature": 0.1}),
    ]
    names = [other.call_id("p1", 0) for other in others]
    names += [plan().call_id("p2", 0), plan().call_id("p1", 1)]
    assert len({call, *names}) == len(names) + 1


def test_the_signature_changes_with_the_limits() -> None:
    assert plan().recipe() == plan().recipe()
    assert plan().recipe() != plan(limits=Limits(calls=11)).recipe()


def test_every_text_of_a_reply_has_a_longest_length() -> None:
    person = reply_schema("carer", 3)["properties"]["personas"]["items"]["properties"]
    assert person.pop("relation")["enum"] == ["carer", "none"]
    assert all("maxLength" in text for text in person.values())


def test_progress_survives_the_graph() -> None:
    progress = RunProgress(calls=3, new=7, tokens_in=10)
    progress.reasons.update({"truncated": 2})
    assert RunProgress.of(progress.props()) == progress
    assert RunProgress.of({}) == RunProgress()


def test_probabilities_are_asked_for_and_a_reply_without_or_with_a_wrong_one_is_taken() -> None:
    plain, any_, tail = (plan(verbalise=below).request("r1", "p1", "Person 1", 0) for below in (0, 1, 0.1))
    assert len({request.tag["call"] for request in (plain, any_, tail)}) == 3
    asked = [request.messages[-1]["content"] for request in (plain, any_, tail)]
    assert "probability" not in asked[0]
    assert asked[1].endswith("how likely you are to name this person when asked this question.")
    assert asked[2].endswith("Name only people with a probability below 0.1.")
    assert plain.accepts is None
    assert plain.schema == reply_schema("parent", 3)
    assert tail.schema is not None
    assert "probability" in tail.schema["properties"]["personas"]["items"]["required"]
    person = {"relation": "parent", "persona": "A smith of a hill village", "role": "smith", "domain": "iron"}
    for said in ({}, {"probability": 0.2}, {"probability": 7}, {"probability": "low"}, {"probability": None}):
        reply = checked(ChatReply(json.dumps({"personas": 3 * [{**person, **said}]})), tail.accepts)
        assert reply.failure == ""


def test_relationships_are_chosen_by_distance() -> None:
    shipped = load_relations()
    assert at_distances(shipped, "near,mid,far") == shipped
    by_distance = [at_distances(shipped, distance) for distance in DISTANCES]
    assert sum(map(len, by_distance)) == len(shipped)
    near, mid, far = ({kind.id for kind in kinds} for kinds in by_distance)
    assert "colleague" in near
    assert "supplier" in mid
    assert "chance-meeting" in far
    assert [kind.id for kind in at_distances(shipped, " far , near ")] == [k.id for k in shipped if k.id in near | far]
    for wrong in ("", "near,", "Far", "everywhere"):
        with pytest.raises(UsageError, match="unknown distance"):
            at_distances(shipped, wrong)


def test_a_kind_without_a_distance_is_mid(tmp_path: Path) -> None:
    path = tmp_path / "relations.yml"
    path.write_text("relations:\n  - {id: kin, family: kin, phrase: a relative}\n")
    assert [kind.distance for kind in load_relations(path)] == ["mid"]
    with pytest.raises(UsageError, match="no relationship kind is at that distance"):
        at_distances(load_relations(path), "far")


@pytest.mark.parametrize("version", [0, 1])
def test_the_words_of_a_run_can_be_shown_whichever_version_sent_them(version: int) -> None:
    """The shipped prompt and relationships, and those of the version before."""
    prompt_file = (PERSONA_PROMPT, PERSONA_PROMPT.parent / "earlier" / "persona_to_persona.1.yml")[version]
    relations_file = (RELATIONS, RELATIONS.parent / "earlier" / "relations.1.yml")[version]
    relation = next(kind for kind in load_relations(relations_file) if kind.id == "elder-relative")
    sent = plan(prompt=load_prompt(prompt_file), relations=(relation,), context="a port", model="m")
    request = sent.request("r1", "p1", "A tram driver", 0)
    run = {"id": "r1", **{f"plan_{name}": value for name, value in sent.recipe().items()}}
    assert about_persona(run, request.tag["call"], "p1", "A tram driver", relation.id) == request.messages
    assert about_persona(run, "c0", "p1", "A tram driver", relation.id) is None


@pytest.mark.parametrize("name", ["text_to_persona.yml", "earlier/text_to_persona.1.yml"])
def test_the_words_about_a_text_can_be_shown_whichever_version_sent_them(name: str) -> None:
    prompt, stances = load_stances(STANCES, TEXT_PROMPT.parent / name)
    asked = TextPlan((), 0, stances, prompt, model="m")
    call = asked.call_id("t1", "like")
    messages = asked.request("r1", call, Piece("t1", "The ferry is late.", "", 0, "", ""), "like").messages
    run = {"id": "r1", "plan_model": "m"}
    assert about_text(run, call, "t1", "The ferry is late.", "like") == messages
