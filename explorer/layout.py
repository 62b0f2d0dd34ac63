"""Where the circles of the map lie: regions between which much flows are near each other, and none covers another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GAP = 0.06  # between two circles, as a share of the mean radius
_PULLS = 120  # steps in which flows pull
_STEPS = 500  # after which circles that still touch are made smaller
_GOLDEN = np.pi * (3 - 5**0.5)


def arrange(sizes: Sequence[int], links: Sequence[tuple[int, int, int]]) -> list[tuple[float, float, float]]:
    """(x, y, radius) of each circle, all inside 0..1; the area is by the size, none overlap; the same input, the same map.

    `links`: (one, other, weight). They pull first, then circles that touch push each other apart. O(n²) a step: 300
    circles take some seconds.
    """
    if not sizes:
        return []
    radii = np.sqrt(np.maximum(np.asarray(sizes, float), 0.5))
    radii = np.maximum(radii, radii.max() / 25)  # what is small can still be pointed at
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
    """How strongly each circle is drawn to each other one; a row adds up to 1 at most."""
    pull = np.zeros((count, count))
    for one, other, weight in links:
        pull[one, other] += weight
        pull[other, one] += weight
    pull /= np.maximum(pull.sum(axis=1, keepdims=True), 1)
    return pull


def _push(places: Floats, apart: Floats, yielding: Floats, gap: float) -> bool:
    """Move circles that touch away from each other; whether any did."""
    across, along = (places[:, axis, None] - places[None, :, axis] for axis in (0, 1))
    distance = np.hypot(across, along)
    np.fill_diagonal(distance, np.inf)
    close = apart - distance
    if close.max() < gap:
        return False
    strength = np.maximum(close, 0) * yielding / np.maximum(distance, 1e-9)
    weight = np.minimum(1.0, 4 / np.maximum((close > 0).sum(axis=1), 1))  # many pushes at once would throw it far away
    places[:, 0] += weight * (strength * across).sum(axis=1)
    places[:, 1] += weight * (strength * along).sum(axis=1)
    return True


def _room(places: Floats, radii: Floats) -> float:
    distance = np.sqrt(((places[:, None, :] - places[None, :, :]) ** 2).sum(axis=2))
    np.fill_diagonal(distance, np.inf)
    return float(min(1.0, (distance / (radii[:, None] + radii[None, :])).min()))


def _fitted(places: Floats, radii: Floats) -> list[tuple[float, float, float]]:
    low, high = (places - radii[:, None]).min(axis=0), (places + radii[:, None]).max(axis=0)
    scale = 1 / float((high - low).max())
    middle = (low + high) / 2
    where = (places - middle) * scale + 0.5
    rows = zip(where[:, 0].tolist(), where[:, 1].tolist(), (radii * scale).tolist(), strict=True)
    return [(round(x, 5), round(y, 5), round(r, 5)) for x, y, r in rows]
