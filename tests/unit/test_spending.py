"""Where the next call goes, whom it brings together, which answers are of use, which question is new."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import distill
from distill.knowledge.allocation import Allocation
from distill.knowledge.answers import DistillPlan, Mode, PosedQuestion, unusable
from distill.knowledge.questions import KINDS, AskPlan, Book, QuestionKind
from distill.knowledge.regions import Region, choose_people
from distill.spending import Participant
from foundation.prompts import load_prompt
from tests.fakes.embedder import HashEmbedder

PROMPTS = Path(distill.__path__[0]) / "prompts"
NURSE = Participant("p1", "A district nurse who walks to her patients in the hills", "home care", 0)
FARMER = Participant("p2", "A farmer who grows millet on terraces without a well", "dry farming", 1)
LONG = " ".join(f"word{number}" for number in range(40))


def joint(*contributions: str, synthesis: str = f"Nurses and farmers agree that {LONG}") -> dict[str, Any]:
    given = [{"person": letter, "contribution": text} for letter, text in zip("AB", contributions, strict=False)]
    return {"standpoints": given, "disagreement": "", "synthesis": synthesis}


def test_calls_are_shared_out_by_people_and_by_what_is_not_known() -> None:
    allocation = Allocation([300, 100, 50], 1)
    calls = Counter[int]()
    for number in range(900):
        region = allocation.next([0, 1, 2])
        assert region is not None
        calls[region] += 1
        allocation.begin(region)
        allocation.see(region, f"topic{number}")
        allocation.end(region, 0)
    assert calls[0] / calls[1] == pytest.approx(3, rel=0.05)
    assert calls[1] / calls[2] == pytest.approx(2, rel=0.05)


def test_a_region_that_repeats_itself_gets_fewer_calls() -> None:
    allocation = Allocation([100, 100], 1)
    calls = Counter[int]()
    for number in range(400):
        region = allocation.next([0, 1])
        assert region is not None
        calls[region] += 1
        allocation.begin(region)
        allocation.see(region, "the same" if region == 0 else f"topic{number}")
        allocation.end(region, 0)
    assert calls[1] > 5 * calls[0]
    assert [row["topics"] for row in allocation.rows()] == [1, calls[1]]


def test_calls_under_way_and_lost_answers_count() -> None:
    allocation = Allocation([10, 10], 2)
    allocation.begin(0)
    assert allocation.next([0, 1]) == 1
    allocation.end(0, 2)
    assert allocation.next([0, 1]) == 1
    assert allocation.next([]) is None


def test_half_of_the_people_are_of_low_visibility() -> None:
    people = [Participant(f"p{n}", f"person {n} of trade{n % 7}", "trade", int(n >= 20)) for n in range(24)]
    region = Region("g", "G", people)
    chosen = choose_people(region, 4, 0, HashEmbedder().embed)
    assert sum(person.depth for person in chosen) >= 2
    assert len({person.id for person in chosen}) == 4
    region.used.update(person.id for person in people if person not in chosen)
    assert set(choose_people(region, 4, 0, HashEmbedder().embed)) == set(chosen), "those who posed least come first"
    assert len(choose_people(Region("g", "G", people[:3]), 4, 0, HashEmbedder().embed)) == 3


def test_people_as_unlike_as_can_be() -> None:
    directions = {"a": [1.0, 0.0], "a2": [0.99, 0.14], "b": [0.0, 1.0]}

    def embed(texts: Any) -> Any:
        return np.array([directions[text] for text in texts], np.float32)

    for seed in range(5):
        chosen = choose_people(
            Region("g", "G", [Participant(name, name, "", 0) for name in directions]), 2, seed, embed
        )
        assert "b" in {person.id for person in chosen}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (joint("Her patients cannot leave their houses", "The millet fails when rain is late"), ""),
        (joint("Her patients cannot leave their houses"), "one standpoint"),
        (joint(*["Her patients cannot leave their houses"] * 2), "standpoints alike"),
        (joint("Her patients", "The millet fails when rain is late"), "too short"),
        (joint("one two three four five six", "six five four three two one", synthesis=LONG), "nothing of its personas"),
        (joint("Her patients cannot leave their houses", "The millet fails when it is dry", synthesis="x y " * 30), "repetitive"),
        (joint("Her patients cannot leave", "The millet fails", synthesis="यह उत्तर हिन्दी में है " * 9), "repetitive"),
        ({"answer": f"The nurse knows that {LONG}"}, ""),
        ({"answer": "Too short to be of use to anyone."}, "too short"),
        ({"answer": LONG}, "nothing of its personas"),
    ],
)  # fmt: skip
def test_which_answers_are_of_use(data: dict[str, Any], why: str) -> None:
    assert (unusable(data, [NURSE, FARMER], "en") or "") == why


def test_an_answer_in_another_language_is_of_no_use() -> None:
    hindi = "पहाड़ी गाँव में नर्स पैदल चलती है और किसान बारिश की राह देखता है इसलिए दोनों को पानी चाहिए " + " ".join(
        f"शब्द{number}" for number in range(20)
    )
    assert unusable({"answer": hindi}, [NURSE], "en") == "wrong language"
    assert unusable({"answer": hindi}, [NURSE], "hi") is None, "its people are described in another script"
    assert unusable({"answer": f"The nurse knows that {LONG}"}, [NURSE], "hi") == "wrong language"


def test_a_question_asked_before_is_known_by_text_words_and_meaning() -> None:
    book = Book(HashEmbedder())
    text = "What would you change about the way in which water is shared out in a dry year?"
    book.add("q1", text, "water", "g")
    assert book.find(text, "g") is not None
    assert book.find(f"In a dry year {text[:-15]}?", "g") == "q1"
    assert book.find("Who teaches children to swim where there is no pool?", "g") is None
    assert book.topic("Water", "en") == "water"


@pytest.mark.parametrize("language", ["en", "hi", "fr"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_prompts_say_all_there_is_to_say(language: str, kind: QuestionKind) -> None:
    file = PROMPTS / f"questions.{language}.yml"
    prompt = load_prompt(file if file.exists() else PROMPTS / "questions.en.yml")
    plan = AskPlan(prompt, calls=1, kind=kind, level="expert", language=language, context="an island without cars")
    call = plan.call(0, "health", [NURSE, FARMER], run="r", avoid="water rights", number=0)
    sent = call.request.messages[-1]["content"]
    for part in (
        "health",
        f"A. {NURSE.text}",
        f"B. {FARMER.text} (knows: dry farming)",
        "expert",
        "island",
        "water rights",
    ):
        assert part in sent
    assert prompt.phrase(kind) in sent
    assert ("language: fr" in sent) == (language == "fr")
    assert "{value}" not in sent


@pytest.mark.parametrize("file", sorted(PROMPTS.glob("[js]o*.yml")), ids=lambda file: file.stem)
def test_the_shipped_prompts_for_answers(file: Path) -> None:
    mode: Mode = "joint" if file.stem.startswith("joint") else "solo"
    plan = DistillPlan(
        load_prompt(file), calls=1, mode=mode, language=file.suffixes[0][1:], context="an island without cars"
    )
    call = plan.call("r", 0, PosedQuestion("q1", "Who pays?", "money", [NURSE, FARMER]), [NURSE, FARMER])
    sent = call.request.messages[-1]["content"]
    assert "Who pays?" in sent
    assert "island" in sent
    assert (FARMER.text in sent) == (mode == "joint")


def test_a_call_is_named_by_all_that_decides_its_answer() -> None:
    asked = PosedQuestion("q1", "Who pays?", "money", [NURSE, FARMER])
    prompt = load_prompt(PROMPTS / "joint.en.yml")
    plan = DistillPlan(prompt, calls=1)
    first = plan.call("r1", 0, asked, [NURSE, FARMER])
    assert plan.call("r2", 3, asked, [NURSE, FARMER]).id == first.id, "neither the run nor the region decides"
    others = [
        plan.call("r1", 0, replace(asked, failures=1), [NURSE, FARMER]),
        plan.call("r1", 0, asked, [FARMER, NURSE]),
        replace(plan, seed=1).call("r1", 0, asked, [NURSE, FARMER]),
        replace(plan, context="rural").call("r1", 0, asked, [NURSE, FARMER]),
    ]
    assert len({first.id, *(other.id for other in others)}) == 5
