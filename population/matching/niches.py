"""Niches: domains of one group that are so alike, or so rare, that the choice counts them together."""

from population.matching.vectors import NamedVectors, Vectors

ALIKE = 0.8  # cosine from which two labels share a niche even where there is room for two
FEWEST, MOST = 150, 500  # niches there is room for, in a small and in a large population
PERSONAS = 20  # for each niche, between the two


def room_for_niches(personas: int) -> int:
    """How many niches a population of so many `personas` has room for.

    In the worlds of docs/worlds.md, 24 regions were too coarse at 500 to 5,000 personas, 144 were right, and 960 too fine.
    """
    return min(MOST, max(FEWEST, personas // PERSONAS))


class Niches:
    """Niches by their centres, which are domains. Leader clustering (Hartigan 1975, "Clustering Algorithms", ch. 3).

    While there is `room`, a domain founds a niche unless it is ALIKE to the centre of one in its group. After that it joins
    the nearest one in its group.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._count = 0
        self._centres: dict[str, NamedVectors] = {}  # by group

    def found(self, group: str, domain: str, vector: Vectors) -> None:
        """Make a `domain` the centre of a niche in its `group`."""
        self._count += 1
        self._centres.setdefault(group, NamedVectors()).append(domain, vector)

    def place(self, group: str, domain: str, vector: Vectors) -> str:
        """The niche of a `domain` of this `group`, by the `vector` of its label, shape (dimensions,).

        Cost: O(niches of the group).
        """
        centres = self._centres.get(group)
        if centres is not None:
            ((score, niche),) = centres.nearest(vector, 1)
            if score >= ALIKE or self._count >= self._room:
                return niche
        self.found(group, domain, vector)
        return domain
