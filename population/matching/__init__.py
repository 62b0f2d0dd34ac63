"""Matching: whether two personas or two roles are the same, and which region a domain lies in."""

from population.matching.marks import resolved
from population.matching.matchers import KNOWN_LANGUAGES, Embed, Match, MeaningMatcher, RoleBook, Vectors, WordMatcher
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
    "KNOWN_LANGUAGES",
    "Borderline",
    "Crowd",
    "DomainPlacer",
    "Embed",
    "Match",
    "MeaningMatcher",
    "Placement",
    "RoleBook",
    "Survivors",
    "Tell",
    "Thresholds",
    "VectorFile",
    "Vectors",
    "WordMatcher",
    "find_survivors",
    "keep_thresholds",
    "resolved",
    "sweep_thresholds",
    "thresholds_of",
]
