"""Vectors -> exact nearest neighbours -> communities, also of communities."""

import numpy as np
from numpy.typing import NDArray

from distill.groups.louvain import Graph, folded, graph_of, louvain

NEIGHBOURS = 15
UNRELATED = 0.3  # cosine at and below which two labels are not neighbours, however few others there are
COARSER = 16.0  # each level has the resolution of the one below divided by this, and about a quarter of its groups
_CELLS = 1 << 23  # cosines that are in memory at once
_STRIDE = 64

Vectors = NDArray[np.float32]
Parts = list[list[int]]


def neighbours(vectors: Vectors, count: int) -> tuple[NDArray[np.int64], Vectors]:
    """The `count` nearest other rows of each row, exact: positions and cosines, both (n, count), in no order.

    n^2 * 384 multiplications: 130 processor seconds for 90,633 rows (docs/groups.md); in addition to the answer it needs 100 MB.
    """
    n = len(vectors)
    width = -(-n // _STRIDE)
    step = max(1, _CELLS // n)
    block = np.full((min(step, n), _STRIDE * width), -2.0, np.float32)  # the columns beyond n keep this value
    places = np.zeros((n, count), np.int64)
    scores = np.zeros((n, count), np.float32)
    for start in range(0, n, step):
        rows = min(step, n - start)
        np.matmul(vectors[start : start + rows], vectors.T, out=block[:rows, :n])
        block[np.arange(rows), np.arange(start, start + rows)] = -2.0
        top = _highest(block[:rows].reshape(rows, _STRIDE, width), count)
        places[start : start + rows] = top
        scores[start : start + rows] = np.take_along_axis(block[:rows], top, axis=1)
    return places, scores


def _highest(block: Vectors, count: int) -> NDArray[np.int64]:
    """Where the `count` highest values of each row are; a row is (stride, width), its columns `width` sets of `stride`.

    They are in the `count` sets with the highest maxima, so only these are searched.
    """
    rows, stride, width = block.shape
    sets = np.arange(width)[None, :].repeat(rows, axis=0)
    if count < width:
        sets = np.argpartition(block.max(axis=1), width - count, axis=1)[:, width - count :]
    columns = (np.arange(stride)[None, :, None] * width + sets[:, None, :]).reshape(rows, -1)
    near = np.take_along_axis(block.reshape(rows, -1), columns, axis=1)
    best = np.argpartition(near, near.shape[1] - count, axis=1)[:, near.shape[1] - count :]
    return np.take_along_axis(columns, best, axis=1)


def likeness(vectors: Vectors) -> Graph:
    """Union of the exact nearest neighbours, weighted by cosine."""
    n = len(vectors)
    places, scores = neighbours(vectors, min(NEIGHBOURS, max(2, n // 8)))
    near = scores > UNRELATED
    sources = np.broadcast_to(np.arange(n)[:, None], places.shape)
    return graph_of(n, sources[near], places[near], scores[near].astype(np.float64))


def communities(vectors: Vectors, resolution: float, levels: int = 1) -> list[Parts]:
    """For each level, the finest first: rows by community, each sorted, the communities by their first row. Deterministic.

    A community of a coarser level is a union of finer ones. Levels end early where nothing is left to join.
    """
    if len(vectors) < 3:
        return [[[row] for row in range(len(vectors))]]
    graph = likeness(vectors)
    part = louvain(graph, resolution)
    partitions = [part]
    while len(partitions) < levels:
        graph = folded(graph, part)
        part = louvain(graph, resolution / COARSER ** len(partitions))
        if part.max() + 1 == len(graph):
            break
        partitions.append(part[partitions[-1]])
    return [_listed(partition) for partition in partitions]


def _listed(part: NDArray[np.int64]) -> Parts:
    """The members of each community, both in order."""
    order = np.argsort(part, kind="stable")
    return [rows.tolist() for rows in np.split(order, np.flatnonzero(np.diff(part[order])) + 1)]
