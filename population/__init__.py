"""The population in memory, how much of it is covered, and what the next answer would bring."""

from population.counted import Counted, counted_of, in_words
from population.coverage import NO_ARM, Counts, Coverage, Floats, Tally, text_arm
from population.lift import Lift, LiftSums, read_lifts
from population.loading import Loaded, load_population
from population.population import Population
from population.prediction import PRIOR, Arms, Predictions, predict, uncovered_by_group
from population.relations import RELATIONS, Relation, at_distances, load_relations, relations_digest

__all__ = [
    "NO_ARM",
    "PRIOR",
    "RELATIONS",
    "Arms",
    "Counted",
    "Counts",
    "Coverage",
    "Floats",
    "Lift",
    "LiftSums",
    "Loaded",
    "Population",
    "Predictions",
    "Relation",
    "Tally",
    "at_distances",
    "counted_of",
    "in_words",
    "load_population",
    "load_relations",
    "predict",
    "read_lifts",
    "relations_digest",
    "text_arm",
    "uncovered_by_group",
]
