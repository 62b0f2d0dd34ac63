"""Matching: whether two personas or two roles are the same, and which region a domain lies in."""

from population.matching.known import KnownTexts
from population.matching.marks import resolved
from population.matching.matchers import Embed, Match, RoleBook, Vectors, WordMatcher, can_embed
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

__all__ = [
    "Borderline",
    "Crowd",
    "DomainPlacer",
    "Embed",
    "KnownTexts",
    "Match",
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
    "sweep_thresholds",
    "thresholds_of",
]
