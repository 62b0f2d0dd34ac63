"""What the population looks like in numbers: tables, gaps, history, forecasts, diversity, outside lists."""

from population.reports.diversity import count_shares, measure_diversity
from population.reports.forecasting import grown, grown_needed, sightings_needed
from population.reports.gaps import HeatMap, explain_gap, find_gaps, heat_map, people_query, region_name, spoken
from population.reports.history import (
    History,
    compare_runs,
    curve_ahead,
    fold_history,
    pick_runs,
    read_events,
    roles_missing,
)
from population.reports.reference import Reached, ReferenceList, compare_reference, read_reference
from population.reports.tables import (
    TABLE_COLUMNS,
    coverage_by_domain,
    coverage_by_group,
    coverage_by_relation,
    coverage_by_role,
    coverage_overall,
)

__all__ = [
    "TABLE_COLUMNS",
    "HeatMap",
    "History",
    "Reached",
    "ReferenceList",
    "compare_reference",
    "compare_runs",
    "count_shares",
    "coverage_by_domain",
    "coverage_by_group",
    "coverage_by_relation",
    "coverage_by_role",
    "coverage_overall",
    "curve_ahead",
    "explain_gap",
    "find_gaps",
    "fold_history",
    "grown",
    "grown_needed",
    "heat_map",
    "measure_diversity",
    "people_query",
    "pick_runs",
    "read_events",
    "read_reference",
    "region_name",
    "roles_missing",
    "sightings_needed",
    "spoken",
]
