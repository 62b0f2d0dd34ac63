"""The population in memory: who may be asked what, and the fold over the sightings. Built from the graph, never state."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from population.counted import Counted
from population.coverage import NO_ARM, Tally
from population.under_way import UnderWay

Bools = NDArray[np.bool_]
_FROM_FILE = -1  # in `Population.worth`, the one species of all personas that a file brought: none of them is new


class Population:
    """Survivors by position (0, 1, …), their regions, and which (persona, relationship) pairs were asked.

    `depth` is the user's limit: a persona that many hops from the seeds is asked nothing; None: no limit. `tally` counts
    roles, which is what coverage is about; `worth` counts what the choice looks for, one sighting of each thing in `count`
    for each answer. Memory: about 0.4 kB for each persona that calls named, if personas count.
    """

    def __init__(
        self, relations: int, depth: int | None, buckets: int = 0, count: Sequence[Counted] = (Counted.ROLE,)
    ) -> None:
        self.depth = depth
        self.count = tuple(count)
        self.tally = Tally(relations, buckets)
        self.worth = self.tally if self.count == (Counted.ROLE,) else Tally(relations, buckets)
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.roles: list[str | None] = []
        self.depths: list[int] = []
        self.regions: list[int] = []
        self.domains: list[str] = []  # "" where there is none
        self._from_file = bytearray()  # 1 where a file brought the persona
        self.index: dict[str, int] = {}
        self.region_ids: list[str] = []
        self.region_index: dict[str, int] = {}
        self.groups: list[str] = []  # by region: the group that it is, or lies in
        self._by_group: dict[str, list[int]] = {}  # group -> its regions
        self.under_way = UnderWay(len(self.count))
        self.version = 0  # changes with every sighting
        self._members: list[list[int]] = []  # by region: all survivors
        self._sources: list[list[int]] = []  # by region: survivors that may be asked
        self._asked_pairs: set[int] = set()  # source * relations + relation
        self._pairs_left: NDArray[np.int64] = np.zeros(0, np.int64)  # pairs left by arm
        self._askable_ids: set[str] | None = None

    def restrict(self, ids: set[str]) -> None:
        """Ask only the personas with these `ids`; call it before any is added."""
        self._askable_ids = ids

    def region(self, region_id: str, group: str | None = None) -> int:
        """The number of the region `region_id` of this `group`, None: it is one; an unknown one gets the next number."""
        if region_id not in self.region_index:
            self.add_regions({region_id: region_id if group is None else group})
        return self.region_index[region_id]

    def add_regions(self, groups: Mapping[str, str]) -> None:
        """Number many new regions, given by id with their groups, in this order. Cost: O(all arms)."""
        for region_id, group in groups.items():
            number = self.region_index[region_id] = len(self.region_ids)
            self.region_ids.append(region_id)
            self.groups.append(group)
            self._by_group.setdefault(group, []).append(number)
            self._members.append([])
            self._sources.append([])
        for tally in self._tallies():
            tally.grow(len(self.region_ids))
        new_arms = len(groups) * self.tally.relations
        self._pairs_left = np.append(self._pairs_left, np.zeros(new_arms, np.int64))

    def add(self, persona_id: str, text: str, role: str | None, depth: int, region: int, domain: str = "") -> int:  # noqa: PLR0917  a row
        """Add the survivor `persona_id`, `depth` hops from the seeds, to a `region` (its number); returns its position."""
        position = self.index[persona_id] = len(self.ids)
        self.ids.append(persona_id)
        self.texts.append(text)
        self.roles.append(role)
        self.depths.append(depth)
        self.regions.append(region)
        self.domains.append(domain)
        self._from_file.append(0)
        self._members[region].append(position)
        if self._is_within(depth) and (self._askable_ids is None or persona_id in self._askable_ids):
            self._open(position)
        return position

    def allow(self, position: int) -> None:
        """Let the persona at `position`, which came up in this run, be asked, whatever `restrict` said."""
        if self._askable_ids is not None and self.ids[position] not in self._askable_ids:
            self._askable_ids.add(self.ids[position])
            if self._is_within(self.depths[position]):
                self._open(position)

    def come_nearer(self, position: int, depth: int) -> None:
        """The persona at `position` came up again at this `depth`: now it may be one that can be asked."""
        if depth < self.depths[position]:
            was_open = self._is_within(self.depths[position])
            self.depths[position] = depth
            allowed = self._askable_ids is None or self.ids[position] in self._askable_ids
            if not was_open and self._is_within(depth) and allowed:
                self._open(position)

    def _is_within(self, depth: int) -> bool:
        return self.depth is None or depth < self.depth

    def _open(self, position: int) -> None:
        region = self.regions[position]
        self._sources[region].append(position)
        self._arms_of(region)[:] += 1

    def members(self, region: int) -> list[int]:
        """The positions of all survivors of a `region`, in the order in which they were added."""
        return self._members[region]

    def in_group(self, group: str) -> list[int]:
        """The positions of all survivors of a `group`."""
        return [position for region in self._by_group.get(group, ()) for position in self._members[region]]

    def species(self, position: int) -> str:
        """What a sighting of the persona at `position` counts for: its role, or its id if it has none."""
        return self.roles[position] or self.ids[position]

    def know(self, position: int) -> None:
        """Note that a file brought the survivor at `position`, or a duplicate of it. Call it before any sighting of it."""
        self.version += 1
        self._from_file[position] = 1
        self.tally.know(self.species(position))
        if self.worth is not self.tally:
            for counted in self.count:
                self.worth.know(self._species_of(position, counted))

    def see(self, position: int, arm: int = NO_ARM, times: int = 1, call: str | None = None) -> bool:
        """Count `times` sightings of the survivor at `position` by one `call` of `arm`; True if its role is new."""
        self.version += 1
        region = self.regions[position]
        if self.worth is not self.tally:
            for counted in self.count:
                self.worth.see(self._species_of(position, counted), region, arm, times, call)
        return self.tally.see(self.species(position), region, arm, times, call)

    def miss(self, arm: int, times: int) -> None:
        """Count `times` answers of `arm` that cannot be used, as `Tally.miss`."""
        self.version += 1
        self.tally.miss(arm, times)
        if self.worth is not self.tally:
            self.worth.miss(arm, times * len(self.count))

    def _species_of(self, position: int, counted: Counted) -> str | int:
        if counted is Counted.DOMAIN:
            return self.domains[position]
        role = self.roles[position] if counted is Counted.ROLE else None
        return role or (_FROM_FILE if self._from_file[position] else position)

    def _tallies(self) -> tuple[Tally, ...]:
        return (self.tally,) if self.worth is self.tally else (self.tally, self.worth)

    def arm(self, source: int, relation: int) -> int:
        """The number of the arm that asks `source` along `relation`."""
        return self.regions[source] * self.tally.relations + relation

    def may_ask(self, source: int, relation: int) -> bool:
        """Whether `source` may still be asked along `relation`: allowed, near enough to the seeds, and not asked yet."""
        allowed = self._askable_ids is None or self.ids[source] in self._askable_ids
        return (
            allowed
            and self._is_within(self.depths[source])
            and source * self.tally.relations + relation not in self._asked_pairs
        )

    def mark_asked(self, source: int, relation: int) -> None:
        """Note that `source` was asked along `relation`."""
        if self.may_ask(source, relation):
            self._pairs_left[self.arm(source, relation)] -= 1
        self._asked_pairs.add(source * self.tally.relations + relation)

    def times_asked(self, source: int) -> int:
        """Along how many relationships `source` was asked."""
        first = source * self.tally.relations
        return sum(pair in self._asked_pairs for pair in range(first, first + self.tally.relations))

    def open_arms(self) -> Bools:
        """Which arms still have a persona to ask, a mask of shape (regions * relations,)."""
        return self._pairs_left > 0

    @property
    def pairs_left(self) -> int:
        """How many (persona, relationship) pairs may still be asked."""
        return int(self._pairs_left.sum())

    def candidates(self, region: int, relation: int, count: int, rng: np.random.Generator) -> list[int]:
        """Up to `count` different personas of a `region` that were not asked along this `relation`, drawn by `rng`.

        The arm must be open. Cost: O(`count`); O(size of the region) if nearly all of them were asked.
        """
        sources = self._sources[region]
        positions: dict[int, None] = {}  # in the order in which they were drawn
        for draw in rng.integers(len(sources), size=4 * count).tolist():
            if len(positions) < count and self.may_ask(sources[draw], relation):
                positions[sources[draw]] = None
        if not positions:  # nearly all were asked: look at each
            positions = dict.fromkeys([source for source in sources if self.may_ask(source, relation)][:count])
        return list(positions)

    def any_pair(self, rng: np.random.Generator) -> tuple[int, int] | None:
        """A pair (persona, relationship) drawn uniformly by `rng` from those left; None if there is none."""
        if not self.pairs_left:
            return None
        arm = int(rng.choice(len(self._pairs_left), p=self._pairs_left / self._pairs_left.sum()))
        region, relation = divmod(arm, self.tally.relations)
        return self.candidates(region, relation, 1, rng)[0], relation

    def level(self, depth: int) -> list[int]:
        """The survivors at this `depth`, in the order of their ids."""
        return sorted((p for p, d in enumerate(self.depths) if d == depth), key=self.ids.__getitem__)

    def _arms_of(self, region: int) -> NDArray[np.int64]:
        return self._pairs_left[region * self.tally.relations : (region + 1) * self.tally.relations]
