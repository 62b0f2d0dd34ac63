"""The places of the circles on the map: regions with many answers between them are near each other, and no two overlap."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GAP = 0.06  # between two circles, as a share of the mean radius
_PULLS = 120  # steps in which links pull circles together
_STEPS = 500  # after which circles that still touch are made smaller
_GOLDEN = np.pi * (3 - 5**0.5)


def arrange(sizes: Sequence[int], links: Sequence[tuple[int, int, int]]) -> list[tuple[float, float, float]]:
    """(x, y, radius) of each circle, inside the square from 0 to 1, without overlaps; the area follows the size.

    `links`: (position, position, weight). First links pull, then circles that touch push each other apart. The same input
    gives the same map. O(n²) a step: 300 circles take a few seconds.
    """
    if not sizes:
        return []
    radii = np.sqrt(np.maximum(np.asarray(sizes, float), 0.5))
    radii = np.maximum(radii, radii.max() / 25)  # so that the smallest can still be pointed at
    gap = _GAP * float(radii.mean())
    apart = radii[:, None] + radii[None, :] + gap
    area = radii**2
    yielding = 1.04 * area[None, :] / (area[:, None] + area[None, :])  # the smaller of two moves more
    turns = np.arange(len(radii))
    reach = np.sqrt(np.cumsum(radii**2)) * 1.3  # a spiral, the largest in the middle
    places = np.stack([reach * np.cos(turns * _GOLDEN), reach * np.sin(turns * _GOLDEN)], axis=1)
    places[0] = 0
    pull = _pull(len(radii), links)
    for step in range(_STEPS):
        if step < _PULLS:
            ease = 1 - step / _PULLS
            near = pull @ places - pull.sum(axis=1)[:, None] * places
            places += ease * (0.2 * near - 0.05 * places)
        if not _push(places, apart, yielding, gap / 2) and step >= _PULLS:
            break
    else:
        radii *= _room(places, radii)
    return _fitted(places, radii)


def _pull(count: int, links: Sequence[tuple[int, int, int]]) -> Floats:
    """How strongly each circle is drawn to each other circle; the sum of a row is 1 at most."""
    pull = np.zeros((count, count))
    for first, second, weight in links:
        pull[first, second] += weight
        pull[second, first] += weight
    pull /= np.maximum(pull.sum(axis=1, keepdims=True), 1)
    return pull


def _push(places: Floats, apart: Floats, yielding: Floats, gap: float) -> bool:
    """Move circles that touch away from each other; returns whether there were any."""
    across, along = (places[:, axis, None] - places[None, :, axis] for axis in (0, 1))
    distance = np.hypot(across, along)
    np.fill_diagonal(distance, np.inf)
    close = apart - distance
    if close.max() < gap:
        return False
    strength = np.maximum(close, 0) * yielding / np.maximum(distance, 1e-9)
    weight = np.minimum(
        1.0, 4 / np.maximum((close > 0).sum(axis=1), 1)
    )  # many pushes at once would move a circle too far
    places[:, 0] += weight * (strength * across).sum(axis=1)
    places[:, 1] += weight * (strength * along).sum(axis=1)
    return True


def _room(places: Floats, radii: Floats) -> float:
    """The factor for all radii at which no two circles overlap, at most 1."""
    distance = np.sqrt(((places[:, None, :] - places[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(distance, np.inf)
    return float(min(1.0, (distance / (radii[:, None] + radii[None, :])).min()))


def _fitted(places: Floats, radii: Floats) -> list[tuple[float, float, float]]:
    """The circles moved and scaled into the square from 0 to 1."""
    low, high = (places - radii[:, None]).min(axis=0), (places + radii[:, None]).max(axis=0)
    scale = 1 / float((high - low).max())
    middle = (low + high) / 2
    centres = (places - middle) * scale + 0.5
    rows = zip(centres[:, 0].tolist(), centres[:, 1].tolist(), (radii * scale).tolist(), strict=True)
    return [(round(x, 5), round(y, 5), round(r, 5)) for x, y, r in rows]
