"""Which region a domain lies in: its group where it has one; a new domain joins by vote of its nearest neighbours."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from expansion.matching import Embed, NamedVectors, Vectors
from graphstore.ids import digest, domain_id

VOTERS = 5
NEAR = 0.45  # cosine below which two domain labels say nothing about each other
NEIGHBOURS = 4


@dataclass(frozen=True, slots=True)
class Placed:
    """A domain's region; `new` tells what must be written: nothing, the "domain" joining a group, or a "group" too."""

    domain: str
    region: str
    new: str = ""


class Regions:
    """The groups of the domains, in memory. `domains`: domain id -> (label, group id)."""

    def __init__(self, domains: Mapping[str, tuple[str, str]], embed: Embed) -> None:
        self._embed = embed
        self._group = {domain: group for domain, (_, group) in domains.items()}
        self.grouped = len(domains)
        self.late = 0
        self._labels = {domain: label for domain, (label, _) in domains.items()}
        self._vectors: NamedVectors | None = None
        self._centres: dict[str, Vectors] = {}
        self._near: dict[str, list[str]] = {}

    def place(self, label: str) -> Placed:
        """Find or choose the region of a domain as the model named it."""
        domain = domain_id(label)
        if domain in self._group:
            return Placed(domain, self._group[domain])
        known = self._load()
        vector = self._embed([label])[0]
        votes: dict[str, float] = defaultdict(float)
        for score, other in known.nearest(vector, VOTERS):
            if score >= NEAR:
                votes[self._group[other]] += score
        self.late += 1
        group = min(votes, key=lambda g: (-votes[g], g)) if votes else "g" + digest(domain)
        self._group[domain] = group
        known.append(domain, vector)
        self._centres[group] = self._centres.get(group, 0) + vector
        self._near.clear()
        return Placed(domain, group, "domain" if votes else "group")

    def around(self, region: str) -> Sequence[str]:
        """The region and those whose labels lie nearest to it."""
        if region not in self._near:
            self._load()
            names = sorted(self._centres)
            if region not in self._centres:
                return [region]
            matrix = np.stack(
                [self._centres[name] / max(1e-9, float(np.linalg.norm(self._centres[name]))) for name in names]
            )
            scores = matrix @ matrix[names.index(region)]
            self._near[region] = [region, *[names[i] for i in np.argsort(-scores) if names[i] != region][:NEIGHBOURS]]
        return self._near[region]

    def _load(self) -> NamedVectors:
        if self._vectors is None:
            self._vectors = NamedVectors()
            ids = sorted(self._labels)
            vectors = self._embed([self._labels[domain] for domain in ids])
            self._vectors.extend(ids, vectors)
            for domain, vector in zip(ids, vectors, strict=True):
                group = self._group[domain]
                self._centres[group] = self._centres.get(group, 0) + vector
        return self._vectors
