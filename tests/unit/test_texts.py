"""What of a reply about a text can be used."""

import pytest

from expansion.texts.plan import SCHEMA, is_quote, load_stances, offering, person_in
from foundation.model.messages import ChatReply

TEXT = "The women who mend nets in the shed\nhave the “sail loft” until the work is done \u2013 and the heating's ours."
GOOD = {
    "evidence": "mend nets in the shed have",
    "persona": "A net mender who sings while she works in the loft",
    "role": "Net_Mender",
    "domain": "fishing  gear",
}


@pytest.mark.parametrize(
    "quote",
    [
        "mend nets in the shed",
        "MEND NETS  in the\nshed have",
        "the 'sail loft' until",
        '"the sail loft until"',
        "the work is done - and the heating\u2019s ours",
        "until the work is done...",
        "mend nets\u00a0in the shed",
    ],
)
def test_a_quote_is_found_whatever_its_blanks_case_and_quote_marks(quote: str) -> None:
    assert is_quote(quote, TEXT)


@pytest.mark.parametrize(
    "quote", ["mend sails in the shed", "", "   ", "...", '"', "the", "nets mend", "the shed … until the work is done"]
)
def test_what_is_not_in_the_text_or_says_nothing_is_no_quote(quote: str) -> None:
    assert not is_quote(quote, TEXT)


def test_a_quote_in_other_scripts() -> None:
    assert is_quote("किसान बीज रखते हैं", "यहाँ के किसान बीज रखते हैं, कई साल।")
    assert is_quote("在山区教书", "他在山区教书三十年。")
    assert not is_quote("在城市教书", "他在山区教书三十年。")


def test_a_reply_becomes_a_person_with_its_evidence() -> None:
    found, evidence, lost = person_in(ChatReply("", GOOD), TEXT)
    assert found is not None
    assert (found.role, found.domain, found.times) == ("net mender", "fishing gear", 1)
    assert (evidence, lost) == ("mend nets in the shed have", {})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"evidence": "the emperor of the moon"}, "the quote is not in the text"),
        ({"persona": "A net mender"}, "too short"),
        ({"persona": "A net net net net net net net net net net"}, "repetitive"),
    ],
)
def test_what_cannot_be_used_has_its_reason(change: dict[str, str], reason: str) -> None:
    assert person_in(ChatReply("", {**GOOD, **change}), TEXT) == (None, "", {reason: 1})


def test_a_call_without_an_answer_lost_none() -> None:
    assert person_in(ChatReply("", failure="503", finish="failed"), TEXT) == (None, "", {"503": 0})


def test_each_stance_has_a_phrase_in_one_order() -> None:
    assert list(load_stances(("dislike", "read"))[1]) == ["read", "dislike"]
    assert len(set(load_stances(("read", "write", "like", "dislike"))[1].values())) == 4


def test_a_schema_that_offers_quotes_offers_what_is_in_the_text() -> None:
    offered = offering(f"{TEXT} Ask Dr. Amo!\n\n...\n" + "x" * 500)["properties"]["evidence"]["enum"]
    assert len(offered) == 5
    assert all(is_quote(quote, TEXT + " Ask Dr. Amo! " + "x" * 500) for quote in offered)
    assert offering("...") == SCHEMA
