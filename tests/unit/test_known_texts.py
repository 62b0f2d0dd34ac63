"""One rule for what is known, of personas and questions: words first, then meaning near the region."""

from collections.abc import Sequence

import numpy as np

from population.matching import KnownTexts, Thresholds, Vectors

LONG = "A nurse who sings in the choir of a small town by the sea"
MEANINGS = {LONG: 0, "A singing carer": 0, "A cook": 1, "Ein Koch": 1}


class Embedding:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return np.eye(2, dtype=np.float32)[[MEANINGS[text] for text in texts]]


def known(
    embed: Embedding, *, meaning: float = 0.9, near: Sequence[str] = (), asked: list[str] | None = None
) -> KnownTexts:
    """`near`: the neighbours of every region; `asked` gets the regions whose neighbours were asked for."""
    members = {"medicine": (["p1"], [LONG]), "kitchens": (["p2"], ["A cook"])}

    def around(region: str) -> list[str]:
        if asked is not None:
            asked.append(region)
        return [region, *near]

    texts = KnownTexts(embed, lambda region: members.get(region, ((), ())), around, Thresholds(meaning=meaning))
    texts.add_words(["p1", "p2"], [LONG, "A cook"])
    return texts


def test_words_are_compared_everywhere_before_meaning() -> None:
    embed, asked = Embedding(), list[str]()
    match = known(embed, asked=asked).find(f"{LONG}.", "en", "kitchens")
    assert match is not None
    assert (match.survivor, match.method) == ("p1", "minhash")
    assert (embed.texts, asked) == ([], [])


def test_meaning_is_compared_only_in_the_region_and_its_neighbours() -> None:
    assert known(Embedding()).find("A singing carer", "en", "kitchens") is None
    match = known(Embedding(), near=["medicine"]).find("A singing carer", "en", "kitchens")
    assert match is not None
    assert (match.survivor, match.method) == ("p1", "embedding")


def test_meaning_is_not_compared_in_a_language_that_the_model_does_not_know_or_at_a_threshold_of_one() -> None:
    embed, asked = Embedding(), list[str]()
    assert known(embed, asked=asked).find("Ein Koch", "de", "kitchens") is None
    assert known(embed, meaning=1.0, asked=asked).find("A singing carer", "en", "medicine") is None
    assert (embed.texts, asked) == ([], [])


def test_a_survivor_added_later_is_found_and_a_region_is_embedded_once() -> None:
    embed = Embedding()
    texts = known(embed)
    assert texts.find("A singing carer", "en", "kitchens") is None
    texts.add("p3", "A singing carer", "en", "kitchens")
    match = texts.find("A singing carer", "en", "kitchens")
    assert match is not None
    assert match.survivor == "p3"
    assert embed.texts.count("A cook") == 1


def test_vectors_that_were_dropped_are_asked_for_again() -> None:
    embed = Embedding()
    texts = known(embed)
    texts.find("A singing carer", "en", "medicine")
    texts.find("A singing carer", "en", "kitchens")
    texts.drop_vectors(1)
    match = texts.find("A singing carer", "en", "medicine")
    assert match is not None
    assert (embed.texts.count(LONG), embed.texts.count("A cook")) == (2, 1)
