"""The DeepWalk example: its walks, its scores, and a planted partition that it must find."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy import io, sparse

from w2vjax.config.schema import OutputConfig
from w2vjax.errors import InputError

ROOT = Path(__file__).parents[1]
NUM_NODES, NUM_GROUPS = 120, 4
TWO_GROUPS = 5
"""every fifth node is of the next group too"""


@pytest.fixture(scope="module")
def deepwalk() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "examples")
        yield importlib.import_module("deepwalk")


@pytest.fixture(scope="module")
def partition() -> tuple[sparse.csr_matrix, np.ndarray]:
    """A graph, its edges told one way, in which nodes of a group are friends more often."""
    generator = np.random.default_rng(0)
    nodes = np.arange(NUM_NODES)
    groups = np.zeros((NUM_NODES, NUM_GROUPS), bool)
    groups[nodes, nodes % NUM_GROUPS] = True
    groups[nodes[::TWO_GROUPS], (nodes[::TWO_GROUPS] + 1) % NUM_GROUPS] = True
    friendly = np.where(groups.astype(int) @ groups.T > 0, 0.4, 0.02)
    return sparse.csr_matrix(np.triu(generator.random(friendly.shape) < friendly)), groups


def test_neighbours_go_both_ways_and_none_is_its_own(deepwalk, partition):
    network, _ = partition
    found, given = deepwalk.undirected(network).toarray(), network.toarray()
    either = given | given.T
    np.fill_diagonal(either, False)
    assert given.diagonal().any()
    np.testing.assert_array_equal(found, either)


def test_walks_go_along_edges_from_every_node_and_to_every_neighbour_alike(deepwalk, partition):
    neighbours = deepwalk.undirected(partition[0])
    walks = deepwalk.random_walks(neighbours, num_walks=200, length=6, seed=3)
    assert walks.shape == (200 * NUM_NODES, 6)
    assert (np.sort(walks[:, 0].reshape(200, -1)) == np.arange(NUM_NODES)).all()
    assert neighbours[walks[:, :-1].ravel(), walks[:, 1:].ravel()].all()
    steps = np.zeros(neighbours.shape)
    np.add.at(steps, (walks[:, :-1], walks[:, 1:]), 1)
    chance = neighbours.toarray() / neighbours.toarray().sum(1, keepdims=True)
    visits = steps.sum(1, keepdims=True)
    error = np.sqrt(visits * chance * (1 - chance))
    assert (np.abs(steps - visits * chance) <= 5 * error).all()


def test_walks_are_the_seeds_own(deepwalk, partition):
    neighbours = deepwalk.undirected(partition[0])
    one, same, other = (deepwalk.random_walks(neighbours, 2, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_f1_is_that_of_the_n_most_probable_groups(deepwalk, partition):
    """Groups as vectors are told without a mistake, random ones as by chance, those in between by
    the same regressions, each node's groups found by sorting."""
    from sklearn.linear_model import LogisticRegression

    _, groups = partition
    generator = np.random.default_rng(5)
    assert deepwalk.f1_scores(10.0 * groups, groups, 0.5, (0,)) == (100, 100)
    vectors = groups + generator.normal(size=groups.shape)
    told, asked = np.split(np.random.default_rng((0, 7)).permutation(NUM_NODES), [NUM_NODES // 2])
    fitted = [LogisticRegression().fit(vectors[told], of[told]) for of in groups.T]
    logits = np.stack([one.decision_function(vectors[asked]) for one in fitted], axis=1)
    hits, given = np.zeros(NUM_GROUPS), np.zeros(NUM_GROUPS)
    for node, row in zip(asked, logits, strict=True):
        best = sorted(range(NUM_GROUPS), key=lambda group: -row[group])[: groups[node].sum()]
        given[best] += 1
        hits[best] += groups[node, best]
    f1 = 2 * hits / (given + groups[asked].sum(0))
    expected = 100 * hits.sum() / given.sum(), 100 * f1.mean()
    assert deepwalk.f1_scores(vectors, groups, 0.5, (0, 7)) == pytest.approx(expected)


@pytest.mark.parametrize(("everybody", "macro"), [(False, 80), (True, 100)])
def test_a_group_that_nobody_or_everybody_told_needs_no_regression(
    deepwalk, partition, everybody, macro
):
    _, groups = partition
    groups = np.hstack([groups, np.full((NUM_NODES, 1), everybody)])
    assert deepwalk.f1_scores(10.0 * groups, groups, 0.5, (0,)) == (100, macro)


@pytest.mark.parametrize("method", ["hierarchical softmax", "NEG, unigram^0.75"])
def test_it_finds_a_planted_partition(deepwalk, partition, method):
    """Every node's vector is its own: in another order they say nothing of the groups."""
    neighbours, groups = deepwalk.undirected(partition[0]), partition[1]
    protocol = deepwalk.Protocol(num_walks=20, dim=16, window=5)
    config = deepwalk.config_of(method, 0, protocol)
    walks = deepwalk.random_walks(neighbours, protocol.num_walks, protocol.length, 0)
    vectors = deepwalk.node_vectors(walks, config)
    assert vectors.shape == (NUM_NODES, protocol.dim)
    micro, macro = deepwalk.f1_scores(vectors, groups, 0.5, (0,))
    others = np.random.default_rng(0).permutation(vectors)
    by_chance, _ = deepwalk.f1_scores(others, groups, 0.5, (0,))
    assert min(micro, macro) > 85 and by_chance < 50


def test_the_same_command_goes_on_where_it_stopped(deepwalk, partition, tmp_path, monkeypatch):
    network, groups = partition
    io.savemat(tmp_path / "graph.mat", {"network": network.astype(float), "group": groups})
    small = deepwalk.Protocol(num_walks=2, length=8, dim=4, window=2, shares=(50,), num_shuffles=1)
    monkeypatch.setattr(deepwalk, "QUICK", small)
    monkeypatch.setattr(deepwalk, "METHODS", {"NEG": (OutputConfig(), 8)})

    def rows(seeds: int) -> list[str]:
        assert deepwalk.main(tmp_path / "graph.mat", tmp_path / "out", seeds, quick=True) == 0
        return (tmp_path / "out/runs.jsonl").read_text().splitlines()

    first, both = rows(seeds=1), rows(seeds=2)
    assert len(both) == 2 and both[:1] == first and rows(seeds=2) == both
    assert [json.loads(line)["seed"] for line in both] == [0, 1]
    told = (tmp_path / "out/table.md").read_text()
    assert told.count("| NEG ") == 2 and "41.51" in told and "±" in told


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (None, "set W2VJAX_DATA to the folder"),
        (b"no such format", "is no .mat file"),
        ({"group": np.eye(3)}, "is no .mat file with `network` and `group`: 'network'"),
        ({"network": np.eye(3), "group": np.eye(4)}, r"network is \(3, 3\) and group \(4, 4\)"),
        ({"network": np.ones((3, 2)), "group": np.eye(3)}, r"network is \(3, 2\)"),
        ({"network": np.eye(3), "group": np.eye(3)}, "3 nodes have no neighbour, 0 say"),
    ],
)
def test_what_is_no_graph_is_told(deepwalk, tmp_path, held, told):
    path = tmp_path / "graph.mat"
    if isinstance(held, bytes):
        path.write_bytes(held)
    elif held is not None:
        io.savemat(path, held)
    with pytest.raises(InputError, match=told):
        deepwalk.main(path, tmp_path)


def test_a_missing_library_is_told(deepwalk, partition, tmp_path, monkeypatch):
    io.savemat(
        tmp_path / "graph.mat", {"network": partition[0].astype(float), "group": np.eye(120)}
    )
    monkeypatch.setattr(deepwalk, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'w2vjax\[examples\]'"):
        deepwalk.main(tmp_path / "graph.mat", tmp_path)


def test_the_committed_table_is_what_the_runs_give(deepwalk):
    folder = ROOT / "results/deepwalk"
    rows = pd.DataFrame(map(json.loads, (folder / "runs.jsonl").read_text().splitlines()))
    assert (folder / "table.md").read_text() == deepwalk.table(rows)
