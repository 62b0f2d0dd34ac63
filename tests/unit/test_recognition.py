"""The recogniser against the rule that `pgraph dedup` follows, and within its memory."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expansion.recognition import named_persona
from expansion.recognition import recogniser as recognition
from expansion.recognition.recogniser import Recogniser, apply_recognised
from graphstore.ids import domain_id
from population.loading import Loaded
from population.matching.thresholds import Thresholds
from population.population import Population
from population.runs.batch import Batch
from tests.fakes.embedder import HashEmbedder
from tests.unit.test_survivors import crowd, found

WORDS = "nurse night ward keeps old keys sings harbour pilot dog river baker".split()
texts_of = st.lists(st.lists(st.sampled_from(WORDS), min_size=5, max_size=9).map(" ".join), min_size=1, max_size=25)
ENGLISH = "a person who is in the "  # so that its language is told
FIELDS = ("nursing", "ships", "bread")


def recogniser(thresholds: Thresholds) -> tuple[Recogniser, Population]:
    domains = {domain_id(name): (name, f"g-{name}") for name in FIELDS}
    population = Population(1, 2)
    return Recogniser(HashEmbedder(), Loaded(population, {}, domains, {}, [], [], [], thresholds), "r1"), population


def taken(texts: Sequence[str], thresholds: Thresholds, fields: Sequence[str]) -> list[str]:
    """The survivors of personas that come in one call after the other."""
    made, population = recogniser(thresholds)
    found = []
    for text, field in zip(texts, fields, strict=True):
        one = named_persona({"persona": text, "role": "", "domain": field})
        made.begin([one])
        learned = made.take(one, 1, Batch())
        apply_recognised(learned, population, 0)
        found.append(learned.survivor)
    return found


@settings(max_examples=60)
@given(texts_of, st.sampled_from([0.7, 0.9]), st.sampled_from([0.8, 0.95]))
def test_one_by_one_and_all_at_once_agree(drawn: list[str], words: float, meaning: float) -> None:
    texts = list(dict.fromkeys(ENGLISH + text for text in drawn))
    thresholds = Thresholds(words, meaning)
    online = taken(texts, thresholds, [FIELDS[0]] * len(texts))
    told = found(crowd(texts), thresholds)
    ids = [named_persona({"persona": text, "role": "", "domain": ""}).id for text in texts]
    alone = [one == survivor for one, survivor in zip(ids, online, strict=True)]
    assert alone == [place == survivor for place, survivor in enumerate(told.survivor.tolist())]


def test_a_duplicate_in_another_niche_of_the_group_is_found() -> None:
    ids = {name: domain_id(name) for name in ("nursing", "midwifery")}
    domains = {identity: (name, "g") for name, identity in ids.items()}
    population = Population(1, 2)
    niches = {identity: identity for identity in ids.values()}
    loaded = Loaded(population, {}, domains, {}, [], [], [], Thresholds(0.99, 0.8), niches)
    made, survivors = Recogniser(HashEmbedder(), loaded, "r1"), []
    first = ENGLISH + "night ward keeps old keys and sings to the harbour pilot"
    for text, domain in ((first, "nursing"), (first + " river", "midwifery")):
        one = named_persona({"persona": text, "role": "", "domain": domain})
        made.begin([one])
        recognised = made.take(one, 1, Batch())
        apply_recognised(recognised, population, 0)
        survivors.append(recognised)
    assert survivors[0].survivor == survivors[1].survivor
    assert population.region_ids == [ids["nursing"]]
    assert population.groups == ["g"]


@pytest.mark.parametrize("held", [0, 3, 200_000])
def test_vectors_that_were_dropped_are_loaded_again(monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(recognition, "HELD", held)
    fields = [field for _ in WORDS for field in FIELDS]
    texts = [
        ENGLISH + " ".join(f"{field}{number}{letter}" for letter in "abcdefgh") for number, field in enumerate(fields)
    ]
    again = [text.replace("in the", "in one") for text in texts]
    thresholds = Thresholds(words=1.0, meaning=0.8)
    online = taken([*texts, *again], thresholds, [*fields, *fields])
    assert online[len(texts) :] == online[: len(texts)]
    assert len(set(online)) == len(texts)


def test_without_meaning_no_persona_is_embedded() -> None:
    texts = [f"{ENGLISH}nursing home with a dog", f"{ENGLISH}nursing home with a cat"]
    assert len(set(taken(texts, Thresholds(meaning=0.8), ["nursing"] * 2))) == 1
    assert len(set(taken(texts, Thresholds(meaning=1.0), ["nursing"] * 2))) == 2
