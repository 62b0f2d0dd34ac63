"""Domains in groups by meaning, and the names of the groups."""

from distill.groups.grouping import GroupingResult, group_domains, groups_are_stale
from distill.groups.naming import NAME_FIELDS, Group, NamePlan, Naming, load_groups, needs_name

__all__ = [
    "NAME_FIELDS",
    "Group",
    "GroupingResult",
    "NamePlan",
    "Naming",
    "group_domains",
    "groups_are_stale",
    "load_groups",
    "needs_name",
]
