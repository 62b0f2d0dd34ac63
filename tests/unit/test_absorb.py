from typing import Any

import pytest

from expansion.personas.absorb import people_in
from foundation.model.messages import ChatReply


def item(text: str, relation: str = "carer") -> dict[str, Any]:
    return {"persona": text, "role": "District_nurse", "domain": " rural  health ", "relation": relation}


def reply(*items: dict[str, Any]) -> ChatReply:
    return ChatReply("", {"personas": list(items)})


GOOD = "A district nurse who cycles between villages with her bag"


def test_a_persona_is_made_plain() -> None:
    people, lost = people_in(reply(item(GOOD.replace(" ", "  "))), "carer", 1)
    assert not lost
    assert [(p.text, p.role, p.domain, p.language, p.times) for p in people] == [
        (GOOD, "district nurse", "rural health", "en", 1)
    ]


def test_the_same_text_twice_is_one_person_sighted_twice() -> None:
    people, lost = people_in(reply(item(GOOD), item(GOOD + ".")), "carer", 2)
    assert [person.times for person in people] == [2]
    assert not lost


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (item(GOOD, "none"), "off relation"),
        (item("a foster child"), "too short"),
        (item("A mentor who is a mentor who is a mentor who is a mentor who is a mentor"), "repetitive"),
    ],
)
def test_what_is_no_persona_is_counted_with_its_reason(answer: dict[str, str], reason: str) -> None:
    people, lost = people_in(reply(item(GOOD), answer), "carer", 2)
    assert len(people) == 1
    assert lost == {reason: 1}


def test_fewer_answers_than_asked_for_are_missing() -> None:
    assert people_in(reply(item(GOOD)), "carer", 3)[1] == {"missing": 2}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        *[(0.25, 0.25), (0, 0.0), (1, 1.0)],
        *[(wrong, None) for wrong in (1.5, -0.1, "often", "0.2", True, None, [0.1], 10**400)],
    ],
)
def test_a_probability_is_kept_where_it_is_one(said: object, kept: float | None) -> None:
    people, lost = people_in(reply({**item(GOOD), "probability": said}), "carer", 1)
    assert [person.probability for person in people] == [kept]
    assert not lost


def test_a_short_text_in_a_script_without_blanks_is_a_persona() -> None:
    assert len(people_in(reply(item("在山区小学教书三十年的退休数学老师")), "carer", 1)[0]) == 1
