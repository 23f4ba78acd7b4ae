"""One experiment: its rows, its curves, and the likelihood of text it has not seen."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.layers import sampled_layers
from w2vjax.config.schema import (
    CorpusConfig,
    OutputConfig,
    RunConfig,
    SamplerConfig,
    TrainConfig,
)
from w2vjax.engine.history import LossPoint
from w2vjax.engine.train import Trained
from w2vjax.evaluation.metrics import PROTOCOLS
from w2vjax.losses import layers as outputs
from w2vjax.records import file as records
from w2vjax.records import hits
from w2vjax.records.metrics import FINISHED
from w2vjax.report.cells import load
from w2vjax.study import run, unseen
from w2vjax.text.encoding import EncodedCorpus, encode
from w2vjax.text.vocab import Vocabulary
from w2vjax.vectors.embeddings import Embeddings

CONFIG = RunConfig(
    corpus=CorpusConfig("planted", max_words=40_000, held_out_every=5),
    train=TrainConfig(dim=8, epochs=1, devices=1),
)
PER_DOCUMENT = 5
"""words of their own in each document of `separate`"""


@pytest.fixture(scope="module")
def corpus() -> EncodedCorpus:
    return encode(CONFIG.corpus, progress=False)


@pytest.fixture(scope="module")
def executed(corpus: EncodedCorpus) -> tuple[Trained, list[run.Row]]:
    [(trained, rows)] = run.execute([CONFIG], corpus, show=False)
    return trained, [run.planned(CONFIG, "test"), *rows]


def separate(documents: int, length: int = 40) -> EncodedCorpus:
    """Every document has words of its own, in turn."""
    ids = [
        document * PER_DOCUMENT + np.arange(length) % PER_DOCUMENT for document in range(documents)
    ]
    size = documents * PER_DOCUMENT
    counts = np.full(size, length // PER_DOCUMENT, np.int64)
    words = tuple(f"w{number}" for number in range(size))
    vocabulary = Vocabulary(words, counts, documents * length)
    starts = np.arange(documents + 1) * length
    return EncodedCorpus(vocabulary, np.concatenate(ids).astype(np.int32), starts, "0" * 64, "own")


def test_every_measurement_says_what_it_is_of(executed: tuple[Trained, list[run.Row]]):
    trained, rows = executed
    assert "config.train.dim" not in rows[1] | rows[-1], "what was asked for stands once"
    assert not [name for name in rows[1] if name.startswith("versions.")], "and what made it"
    rows = [rows[0] | rows[-1] | row for row in rows]
    scalars = [row for row in rows if "x" not in row]
    assert scalars[-1]["metric"] == FINISHED and scalars[-1]["value"] is None
    assert [row["metric"] for row in rows].count(FINISHED) == 1
    for row in scalars:
        assert row["run"] == CONFIG.run_id
        assert row["label"] == "negative-sampling / unigram^0.75"
        assert row["config.train.learning_rate"] is not None, "resolved, not left to the reader"
        for name in ("words", "seconds", "compile_seconds", "versions.jax", "platform", "device"):
            assert row[name], name
        assert row["num_devices"] == row["replicas"] == 1 and len(row["corpus_sha256"]) == 64
        assert row["peak_memory"] > 1e7
        json.dumps(row, allow_nan=False)
    found = {row["metric"]: row for row in rows}
    total = found["analogy/total"]
    assert total["covered"] > 0 and total["total"] == 3_480 and "3CosAdd" in total["evaluation"]
    for name, number in (
        ("words", trained.words),
        ("kept-words", trained.kept_words),
        ("pairs", trained.pairs),
    ):
        assert found[f"speed/{name}"]["value"] * trained.seconds == pytest.approx(number)
    assert "likelihood/held-out" not in found, "negative sampling has no likelihood"
    assert {name for name in found if name.startswith("analogy/protocol/")} == {
        f"analogy/protocol/{name}" for name in PROTOCOLS
    }
    assert len({row["evaluation"] for name, row in found.items() if "/protocol/" in name}) == 8
    answers = hits.decode(found["analogy/hits"]["hits"], 3_480)
    assert (answers >= 0).sum() == total["covered"]
    assert (answers == 1).sum() == pytest.approx(total["value"] * total["covered"])
    bands = [row for row in rows if row["metric"] == "analogy/band"]
    assert sum(row["covered"] for row in bands) == total["covered"]
    assert [row["x"] for row in bands] == [1_000, 3_000, 10_000, 30_000]


def test_rows_can_be_read_back(executed: tuple[Trained, list[run.Row]], tmp_path):
    rows = executed[1]
    records.Records(tmp_path).append(rows)
    frame = load(tmp_path)
    assert len(frame) == len(rows)
    assert records.finished(tmp_path) == {CONFIG.run_id}


def test_curves_are_short_and_keep_the_mean():
    points = [LossPoint(words * 10, float(words), 1.0) for words in range(1, 101)]
    rows = run._curve("id", points, 1_000)
    total = {row["x"]: row["value"] for row in rows if row["metric"] == "loss/total"}
    parts = {
        name: {row["x"]: row["value"] for row in rows if row["metric"] == f"loss/{name}"}
        for name in ("positive", "noise")
    }
    assert len(total) == run.CURVE_POINTS and max(total) == 1_000
    assert all(total[x] == parts["positive"][x] + parts["noise"][x] for x in total)
    assert all(set(row) == {"run", "x", "metric", "value"} for row in rows)
    # ten words a point, 25 a place: points 3, 4 and 5 fall into places 2 and 2 into place 1
    assert parts["positive"][25] == 1.5 and parts["positive"][50] == 4.0
    assert run._curve("id", points[-1:], 1_000)[0]["x"] == 1_000


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_unseen_pairs_are_of_the_documents_held_out(architecture):
    corpus = separate(documents=9)
    train = TrainConfig(architecture=architecture, window=2, subsample=0)
    config = RunConfig(corpus=CorpusConfig(held_out_every=3), train=train)
    pairs = unseen.unseen_pairs(corpus, config)
    document = pairs.targets // PER_DOCUMENT
    assert set(document) == {2, 5, 8}, "every third"
    there = pairs.mix > 0
    of_inputs = pairs.inputs // PER_DOCUMENT
    assert (there <= (of_inputs == document[:, None])).all(), "no window leaves its document"
    np.testing.assert_allclose(pairs.mix.sum(axis=1), 1, rtol=1e-6)
    distance = (pairs.inputs - pairs.targets[:, None]) % PER_DOCUMENT
    assert set(distance[there]) == {1, 2, 3, 4}, "two on each side, never the word itself"
    # Windows of 1 or 2 words: 3 neighbours on average, fewer at 4 of 40 places.
    expected = 3 * (3 * 40 - 3) if architecture == "skip-gram" else 3 * 40
    assert abs(len(pairs.targets) - expected) < 4 * np.sqrt(3 * 40)


def test_unseen_pairs_are_the_same_for_every_run_and_drawn_from_all():
    corpus = separate(documents=40)
    config = RunConfig(corpus=CorpusConfig(held_out_every=2), train=TrainConfig(subsample=0))
    other = RunConfig(config.corpus, OutputConfig("nce"), TrainConfig(subsample=0, seed=7))
    few = unseen.unseen_pairs(corpus, config, max_pairs=300)
    assert len(few.targets) == 300
    assert len(set(few.targets // PER_DOCUMENT)) == 20
    for mine, theirs in zip(few, unseen.unseen_pairs(corpus, other, 300), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("layer", ["hierarchical-softmax", "balanced-softmax"])
def test_the_probabilities_of_a_tree_sum_to_one(layer):
    size, generator = 37, np.random.default_rng(0)
    counts = np.sort(generator.integers(1, 1_000, size))[::-1]
    tree = outputs.build(OutputConfig(layer, shared_nodes=5), 1, counts)
    matrices = unseen.Parameters(
        jnp.asarray(generator.normal(size=(size, 6)), jnp.float32),
        jnp.asarray(generator.normal(size=(tree.num_rows(size), 6)), jnp.float32),
    )
    inputs = jnp.broadcast_to(jnp.array([3, 8]), (size, 2))
    mix = jnp.full((size, 2), 0.5)
    losses = np.asarray(unseen._losses(matrices, tree, inputs, mix, jnp.arange(size)))
    assert np.exp(-losses).sum() == pytest.approx(1, abs=1e-5)
    assert losses.std() > 0.1


def made_up(config: RunConfig, corpus: EncodedCorpus, scale: float = 0.3) -> Trained:
    """As if trained: matrices of random numbers."""
    size, vocabulary = len(corpus.vocabulary), corpus.vocabulary
    layer = outputs.build(config.output, 1, vocabulary.counts)
    keys = jax.random.split(jax.random.key(1))
    parameters = unseen.Parameters(
        scale * jax.random.normal(keys[0], (size, 8)),
        scale * jax.random.normal(keys[1], (layer.num_rows(size), 8)),
    )
    output = np.asarray(parameters.output) if layer.num_rows(size) == size else None
    embeddings = Embeddings(vocabulary.words, np.asarray(parameters.input), output)
    biases = np.linspace(-2, 2, size, dtype=np.float32) if config.output.biases == "zero" else None
    return Trained(embeddings, parameters, (), 1, 1, 1, 1, 1.0, 1.0, biases)


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
@pytest.mark.parametrize(
    "layer, biases",
    [*((layer, "none") for layer in OUTPUTS), ("sampled-softmax", "zero"), ("nce", "zero")],
)
def test_unseen_likelihood_is_the_exact_one_where_there_is_one(layer, biases, architecture, corpus):
    train = TrainConfig(architecture=architecture)
    config = RunConfig(CONFIG.corpus, OutputConfig(layer, biases=biases), train)
    trained = made_up(config, corpus)
    pairs = unseen.unseen_pairs(corpus, config, max_pairs=400)
    score = unseen.unseen_likelihood(trained, config, corpus, pairs)
    if layer == "negative-sampling":
        assert score is None
        return
    assert score is not None and score.value is not None and score.covered == 400
    if trained.embeddings.outputs is None:
        assert score.value > np.log(len(corpus.vocabulary)) / 2
        return
    vectors = trained.embeddings.vectors.astype(np.float64)
    hidden = np.einsum("nr,nrd->nd", pairs.mix, vectors[pairs.inputs])
    scores = hidden @ trained.embeddings.outputs.T.astype(np.float64)
    scores += 0 if trained.biases is None else trained.biases
    chosen = scores[np.arange(400), pairs.targets]
    expected = np.mean(np.log(np.exp(scores).sum(axis=1)) - chosen)
    assert score.value == pytest.approx(expected, rel=1e-5)
    assert ("normalised" in score.protocol) == (layer == "nce")


def test_sampled_layers_are_those_with_a_sampler():
    counts = np.array([5, 4, 3, 2])
    built = {name: outputs.build(OutputConfig(name), 1, counts) for name in OUTPUTS}
    assert set(sampled_layers()) == {
        name for name, layer in built.items() if "sampler" in dir(layer)
    }
    assert OutputConfig("nce", SamplerConfig("uniform")).label == "nce / uniform"
    assert OutputConfig("full-softmax").label == "full-softmax"
