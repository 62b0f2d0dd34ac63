"""Which group and which niche a domain lies in; a new domain joins a group by vote of its nearest neighbours."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphstore import digest, domain_id
from population.matching.matchers import Embed
from population.matching.niches import Niches
from population.matching.vectors import NamedVectors, Vectors

VOTERS = 5
NEAR = 0.45  # cosine below which two domain labels are unrelated
NEIGHBOURS = 4
_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Placement:
    """The `group` and the `niche` of a `domain`; `new` is what must be written.

    "": nothing; "domain": that the domain joins a group and a niche; "group": a new group as well.
    """

    domain: str
    group: str
    niche: str
    new: str = ""


class DomainPlacer:
    """The groups and niches of the domains, in memory. `domains`: domain id -> (label, group id); `niches`: its niche.

    There is `room` for so many niches. `embed` turns labels into vectors: those of all `domains` at first use but the
    `ungrouped`, which new ones cannot join yet, then each new one.
    """

    def __init__(
        self,
        domains: Mapping[str, tuple[str, str]],
        embed: Embed,
        niches: Mapping[str, str] | None = None,
        room: int = 0,
        ungrouped: Collection[str] = (),
    ) -> None:
        self._niche = dict(niches or {})
        self._niches = Niches(room)
        self._embed = embed
        self._group = {domain: group for domain, (_, group) in domains.items()}
        self.grouped = len(domains)
        self.late = 0
        self._labels = {domain: label for domain, (label, _) in domains.items() if domain not in ungrouped}
        self._vectors: NamedVectors | None = None
        self._centres: dict[str, Vectors] = {}
        self._near: dict[str, list[str]] = {}

    def place(self, label: str) -> Placement:
        """Find or choose the group and the niche of a domain, by the `label` that the model gave it.

        A new domain joins the group for which most of its `VOTERS` nearest neighbours vote, weighted by cosine; without a
        neighbour at `NEAR` or above it founds a group. Its niche is what `Niches.place` says. Embeds the label of a new
        domain.
        """
        domain = domain_id(label)
        if domain in self._group:
            group = self._group[domain]
            return Placement(domain, group, self._niche.get(domain, group))
        known_domains = self._load_vectors()
        vector = self._embed([label])[0]
        votes: dict[str, float] = defaultdict(float)
        for score, neighbour in known_domains.nearest(vector, VOTERS):
            if score >= NEAR:
                votes[self._group[neighbour]] += score
        self.late += 1
        group = min(votes, key=lambda g: (-votes[g], g)) if votes else "g" + digest(domain)
        self._group[domain] = group
        known_domains.append(domain, vector)
        self._centres[group] = self._centres.get(group, 0) + vector
        self._near.clear()
        niche = self._niche[domain] = self._niches.place(group, domain, vector)
        return Placement(domain, group, niche, "domain" if votes else "group")

    def around(self, group: str) -> Sequence[str]:
        """The `group` itself and those whose labels are nearest to it."""
        if group not in self._near:
            self._load_vectors()
            self._find_neighbours([group])
        return self._near[group]

    def neighbours(self) -> Mapping[str, Sequence[str]]:
        """`around` of every group."""
        self._load_vectors()
        names = sorted(self._centres)
        for start in range(0, len(names), _AT_ONCE):
            self._find_neighbours(names[start : start + _AT_ONCE])
        return self._near

    def _find_neighbours(self, groups: Sequence[str]) -> None:
        names = sorted(self._centres)
        self._near.update({group: [group] for group in groups})
        places = [
            place for group in groups if (place := bisect_left(names, group)) < len(names) and names[place] == group
        ]
        if not places:
            return
        matrix = np.stack([self._centres[name] for name in names])
        matrix /= np.maximum(1e-9, np.linalg.norm(matrix, axis=1, keepdims=True))
        for place, scores in zip(places, matrix[places] @ matrix.T, strict=True):
            scores[place] = np.inf
            count = min(NEIGHBOURS + 1, len(names))
            best = np.argpartition(-scores, count - 1)[:count]
            self._near[names[place]] = [names[i] for i in best[np.argsort(-scores[best], kind="stable")]]

    def _load_vectors(self) -> NamedVectors:
        if self._vectors is None:
            self._vectors = NamedVectors()
            ids = sorted(self._labels)
            if not ids:
                return self._vectors
            vectors = self._embed([self._labels[domain] for domain in ids])
            self._vectors.extend(ids, vectors)
            for domain, vector in zip(ids, vectors, strict=True):
                group = self._group[domain]
                self._centres[group] = self._centres.get(group, 0) + vector
                if self._niche.get(domain) == domain:
                    self._niches.found(group, domain, vector)
        return self._vectors
