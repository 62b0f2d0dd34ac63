"""Matching: whether two personas or two roles are the same, and which group and niche a domain lies in."""

from population.matching.known import KnownTexts
from population.matching.marks import resolved
from population.matching.matchers import Embed, Match, RoleBook, WordMatcher, can_embed
from population.matching.niches import Niches, room_for_niches
from population.matching.placing import DomainPlacer, Placement
from population.matching.survivors import (
    Borderline,
    Crowd,
    Survivors,
    Tell,
    VectorFile,
    find_survivors,
    sweep_thresholds,
)
from population.matching.thresholds import Thresholds, keep_thresholds, thresholds_of
from population.matching.vectors import Vectors

__all__ = [
    "Borderline",
    "Crowd",
    "DomainPlacer",
    "Embed",
    "KnownTexts",
    "Match",
    "Niches",
    "Placement",
    "RoleBook",
    "Survivors",
    "Tell",
    "Thresholds",
    "VectorFile",
    "Vectors",
    "WordMatcher",
    "can_embed",
    "find_survivors",
    "keep_thresholds",
    "resolved",
    "room_for_niches",
    "sweep_thresholds",
    "thresholds_of",
]
