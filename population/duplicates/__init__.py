"""Duplicates among all personas of a graph, and between two runs that wrote at the same time."""

from population.duplicates.dedup import (
    Changes,
    PersonaColumns,
    RoleColumns,
    borderline_rows,
    changes_to_write,
    coverage_if,
    crowd_of,
    find_roles,
    read_people,
    roles_of,
    survivors_now,
    write_changes,
)
from population.duplicates.reconcile import mark_duplicates_of

__all__ = [
    "Changes",
    "PersonaColumns",
    "RoleColumns",
    "borderline_rows",
    "changes_to_write",
    "coverage_if",
    "crowd_of",
    "find_roles",
    "mark_duplicates_of",
    "read_people",
    "roles_of",
    "survivors_now",
    "write_changes",
]
