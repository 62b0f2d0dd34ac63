import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from distill.groups.louvain import graph_of, louvain
from distill.groups.nearest import communities, neighbours

Weights = NDArray[np.float64]


def clustered(count: int, clusters: int, seed: int = 1) -> NDArray[np.float32]:
    """Unit vectors around so many centres."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(clusters, 24))
    vectors = centres[np.arange(count) % clusters] + 0.6 * chance.normal(size=(count, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def random_edges(seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Weights]:
    chance = np.random.default_rng(seed)
    ends = chance.integers(0, 300, (2, 1500))
    ends = ends[:, ends[0] != ends[1]]
    home = np.where(ends[0] % 12 == ends[1] % 12, 3.0, 0.2)
    return ends[0], ends[1], home * chance.random(ends.shape[1])


@pytest.mark.parametrize("count", [3, 17, 64, 700, 3000])
def test_neighbours_are_those_of_the_whole_matrix(count: int) -> None:
    vectors = clustered(count, 7)
    wanted = min(15, count - 1)
    places, scores = neighbours(vectors, wanted)
    whole = vectors @ vectors.T
    np.fill_diagonal(whole, -2.0)
    assert np.allclose(np.sort(scores), np.sort(whole)[:, -wanted:], atol=1e-5)
    assert np.allclose(np.take_along_axis(whole, places, axis=1), scores, atol=1e-5)
    assert all(len(set(row)) == wanted for row in places.tolist())


@pytest.mark.parametrize("resolution", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_as_good_as_networkx(resolution: float, seed: int) -> None:
    sources, targets, weights = random_edges(seed)
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(300))
    for a, b, weight in sorted(
        zip(sources.tolist(), targets.tolist(), weights.tolist(), strict=True), key=lambda e: e[2]
    ):
        graph.add_edge(a, b, weight=weight)  # the highest weight of a pair stays
    theirs = nx.community.louvain_communities(graph, resolution=resolution, seed=seed)
    found = louvain(graph_of(300, sources, targets, weights), resolution)
    ours = [set(np.flatnonzero(found == number).tolist()) for number in range(found.max() + 1)]
    reached = nx.community.modularity(graph, ours, resolution=resolution)
    assert reached > nx.community.modularity(graph, theirs, resolution=resolution) - 0.01


def test_a_graph_without_edges_is_all_single() -> None:
    none = np.zeros(0, np.int64)
    assert louvain(graph_of(4, none, none, np.zeros(0)), 1.0).tolist() == [0, 1, 2, 3]


def test_communities_are_the_clusters_and_the_same_each_time() -> None:
    vectors = clustered(210, 7)
    found = communities(vectors, 1.0)[0]
    assert [part[:2] for part in found] == [[number, number + 7] for number in range(7)]
    assert communities(vectors, 1.0) == [found]
