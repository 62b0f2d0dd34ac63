import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphstore.files.personas import PersonaRow, plain_text, read_personas
from graphstore.files.reading import BadRow, Record
from graphstore.languages import language_of
from graphstore.roles import LONGEST, role_of


def one(**columns: Any) -> PersonaRow | BadRow:
    (row,) = read_personas(iter([Record(7, columns)]))
    return row


def good(**columns: Any) -> PersonaRow:
    row = one(**columns)
    assert isinstance(row, PersonaRow)
    return row


def reason(**columns: Any) -> str:
    row = one(**columns)
    assert isinstance(row, BadRow)
    assert row.line == 7
    return row.reason


def test_a_row_with_everything() -> None:
    row = good(id=12, persona="  A nurse \n", domain="Health", role="Ward Nurse", depth=3, age=4, tags=["a", {"b": 1}])
    assert row == PersonaRow(7, "A nurse", "ward nurse", "Health", "12", "en", '{"age": 4, "tags": ["a", {"b": 1}]}')


def test_the_first_text_column_wins_and_the_others_are_kept() -> None:
    row = good(text="A cook", persona="A nurse")
    assert (row.text, row.extra) == ("A nurse", '{"text": "A cook"}')
    assert good(**{"Input Persona": "A cook"}).text == "A cook"
    assert good(input_persona="A cook").text == "A cook"


def test_a_column_without_a_name_means_nothing() -> None:
    """As pandas writes its index to CSV."""
    row = good(**{"": "0", "persona": "A nurse"})
    assert (row.external_id, row.domain, row.role, row.extra) == (None, None, "nurse", '{"": "0"}')


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", "is empty"),
        ("   \n", "white space or control"),
        ("\x00\x07", "white space or control"),
        ("\u200b\ufeff", "white space or control"),
        (None, "null or NaN"),
        (float("nan"), "null or NaN"),
        ("nan", "mark for a missing value"),
        ("N/A", "mark for a missing value"),
        (3, "is a number"),
        (True, "is true or false"),
        ({"name": "x"}, "is an object"),
        (["x"], "is a list"),
        ("a \ud800", "half of a surrogate pair"),
        ("x" * 10_001, "10,001 characters, more than 10,000"),
    ],
)
def test_no_persona(value: Any, told: str) -> None:
    assert told in reason(persona=value)


def test_limits_of_the_other_columns() -> None:
    assert good(persona="x" * 10_000).text == "x" * 10_000
    assert "other columns have" in reason(persona="A nurse", essay="x" * 100_001)
    assert "domain is not a text" in reason(persona="A nurse", domain=4)
    assert "id is neither" in reason(persona="A nurse", id={"a": 1})
    assert "role has 201" in reason(persona="A nurse", role="x" * 201)


@pytest.mark.parametrize("domain", [["Health", "Law"], "['Health', 'Law']", '["Health", "Law"]', "[Health, Law]"])
def test_the_first_of_several_domains_places_the_persona(domain: Any) -> None:
    row = good(persona="A nurse", domain=domain)
    assert row.domain == "Health"
    assert json.loads(row.extra or "") == {"domain": ["Health", "Law"]}


@pytest.mark.parametrize("domain", ["", None, "nan", [], float("nan"), "None"])
def test_no_domain(domain: Any) -> None:
    assert good(persona="A nurse", domain=domain).domain is None


@given(st.text(max_size=60))
def test_plain_text_is_plain_and_stays_so(text: str) -> None:
    once = plain_text(text)
    assert plain_text(once) == once == once.strip()
    assert "\x00" not in once


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("A sports journalist who has interviewed athletes", "sports journalist"),
        ("a retired grocery store owner from Colorado who knows all", "retired grocery store owner"),
        ("The owner of a fish stall, worried about prices", "fish stall owner"),
        ("A professor of economics at a small college", "professor of economics"),
        ("I'm an experienced midwife", "midwife"),
        ("I\u2019m a midwife", "midwife"),
        ("A passionate, dedicated home nurse in Pune", "home nurse"),
        ("A 34-year-old tram driver from Kraków", "tram driver"),
        ("Maria is a baker who gets up early", "baker"),
        ("A chemist specializing in dyes", "chemist"),
        ("A farmer concerned about rain", "farmer"),
        ("A software engineering student who codes", "software engineering student"),
        ("A sibling of the officer", "sibling"),
        ("Retired teacher from Ohio", "retired teacher"),
        ("A music lover who's sceptical", "music lover"),
        ("Someone with little time", None),
        ("A person who waits", None),
        ("Who knows?", None),
        ("一个护士", None),
        ("", None),
        ("A", None),
        ("A twelve foot tall green marble garden ornament collector", None),
    ],
)
def test_roles(text: str, role: str | None) -> None:
    assert role_of(text) == role


@given(st.text(max_size=400) | st.from_regex(r"(A|The) ([a-z]{1,9} ){1,12}", fullmatch=True))
def test_a_role_is_short_and_its_own_role(text: str) -> None:
    role = role_of(text)
    assert role is None or (0 < len(role.split()) <= LONGEST and role == role.casefold())


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A nurse who works in the hills", "en"),
        ("A nurse", "en"),
        ("Una enfermera que trabaja", "und"),
        ("一个经常玩手游的玩家", "zh"),
        ("夜勤の看護師", "ja"),
        ("야간 간호사", "ko"),
        ("रात की नर्स", "hi"),
        ("ممرضة في مستشفى", "ar"),
        ("رات کی نرس ہے جو ہسپتال میں ڑ", "ur"),
        ("Медсестра ночной смены", "ru"),
        ("Медсестра нічної зміни", "uk"),
        ("இரவு செவிலியர்", "ta"),
        ("นักพัฒนาซอฟต์แวร์", "th"),
        ("ነርስ", "am"),
        ("A fan of 東京 who lives in the city of Osaka", "en"),
        ("12345", "und"),
        ("", "und"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert language_of(text) == language


def test_no_role_is_read_out_of_a_text_in_another_script() -> None:
    assert good(persona="Медсестра ночной смены").role is None
    assert good(persona="Медсестра", role="медсестра").role == "медсестра"
