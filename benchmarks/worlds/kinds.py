"""The kinds of people of the worlds, and what a model says of one: free wording, another one each time."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from graphstore import seed_of

Ints = NDArray[np.int64]

_TEMPLATES = (
    "A {plain} {place} who {mark}",
    "A {short} who {mark}",
    "{place}, a {plain} who {mark}",
    "Someone who works as a {plain} {place} and {mark}",
)
SHORT = 0.6  # share of the answers whose role holds the setting
LOOSE = 0.10  # share whose domain is the whole field
WRONG = 0.05  # share whose domain is any other


@dataclass(frozen=True, slots=True)
class Person:
    """What a model says of somebody, as `pgraph import` reads it too."""

    persona: str
    role: str
    domain: str


class Kinds:
    """Occupations times settings, numbered occupation by occupation; regions are the domains of the occupations."""

    def __init__(self) -> None:
        words = yaml.safe_load((Path(__file__).parent / "people.yml").read_text(encoding="utf-8"))
        domains = [(field, name, jobs) for field, inside in words["fields"].items() for name, jobs in inside.items()]
        self.fields = [field for field, _, _ in domains]
        self.domains = [name for _, name, _ in domains]
        self.jobs = [job for _, _, jobs in domains for job in jobs]
        self.settings: list[tuple[str, str]] = [(long, short) for long, short in words["settings"]]
        self.marks: list[str] = words["marks"]
        self.region = np.repeat(np.arange(len(domains)), [len(jobs) * len(self.settings) for _, _, jobs in domains])

    def __len__(self) -> int:
        return len(self.jobs) * len(self.settings)

    @property
    def regions(self) -> int:
        """How many there are."""
        return len(self.domains)

    def roles(self, kind: int) -> tuple[str, str]:
        """The two ways to name its role: without its setting, and with it."""
        job, setting = divmod(kind, len(self.settings))
        return self.jobs[job], f"{self.settings[setting][1]} {self.jobs[job]}"

    def say(self, kind: int, rng: np.random.Generator) -> Person:
        """One of the ways to describe this kind."""
        plain, short = self.roles(kind)
        place = self.settings[kind % len(self.settings)][0]
        mark = self.marks[seed_of("mark", kind) % len(self.marks)]
        text = _TEMPLATES[int(rng.integers(len(_TEMPLATES)))].format(plain=plain, short=short, place=place, mark=mark)
        chance = rng.random()
        domain = self.domains[self.region[kind]]
        if chance < LOOSE:
            domain = self.fields[self.region[kind]]
        elif chance < LOOSE + WRONG:
            domain = self.domains[int(rng.integers(self.regions))]
        return Person(text[0].upper() + text[1:] + ".", short if rng.random() < SHORT else plain, domain)
