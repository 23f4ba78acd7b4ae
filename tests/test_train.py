"""Laws of training: reproducible, counted right, on any number of devices, and it learns."""

from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, TrainConfig
from w2vjax.engine import program
from w2vjax.engine.history import LossPoint
from w2vjax.engine.program import draw_radius
from w2vjax.engine.train import Trained, train
from w2vjax.errors import InputError
from w2vjax.evaluation.analogy import analogy
from w2vjax.study.exam import Exam
from w2vjax.text.encoding import EncodedCorpus
from w2vjax.text.vocab import Vocabulary

SMALL = TrainConfig(
    dim=6,
    window=3,
    subsample=0,
    epochs=2,
    devices=1,
    tokens_per_step=32,
    block_size=8,
    tile_size=4,
    sync_words=4 * 32,
)
PLANTED = RunConfig(
    CorpusConfig("planted", max_vocab=1_500),
    train=TrainConfig(dim=32, subsample=1e-3, epochs=0.3, devices=1, sync_words=20 * 512),
)


def short(num_words: int = 1_000) -> EncodedCorpus:
    """Documents of 1 to 30 words, from a vocabulary of 40."""
    generator = np.random.default_rng(0)
    weights = 1 / np.arange(1, 41)
    ids = generator.choice(40, num_words, p=weights / weights.sum())
    counts = np.bincount(ids, minlength=40)
    ends = np.cumsum(generator.integers(1, 31, num_words))
    starts = np.concatenate([[0], ends[ends < num_words], [num_words]])
    vocabulary = Vocabulary(tuple(f"w{number}" for number in range(40)), counts, num_words)
    return EncodedCorpus(vocabulary, ids.astype(np.int32), starts, "0" * 64, "short")


def run(output: OutputConfig | None = None, **changes: Any) -> Trained:
    config = RunConfig(output=output or OutputConfig(), train=replace(SMALL, **changes))
    return train(short(), config, show=False)


def same_bits(one: Trained, other: Trained) -> bool:
    pairs = zip(*(jax.tree.leaves(run.parameters) for run in (one, other)), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs) and one.curve == other.curve


def loss(point: LossPoint) -> float:
    return point.positive + point.noise


def accuracy(trained: Trained, exam: Exam) -> float:
    total = analogy(trained.embeddings, exam.questions, candidates=None).scores[0]
    assert total.value is not None and total.covered == total.total
    return total.value


@pytest.mark.usefixtures("optimized")
@pytest.mark.parametrize("layer", OUTPUTS)
def test_every_layer_finds_the_planted_analogies(layer, planted, exam):
    """Chance is one in 1,500."""
    trained = train(planted, replace(PLANTED, output=OutputConfig(layer)), show=False)
    assert accuracy(trained, exam) > 0.5
    first, last = (loss(trained.curve[number]) for number in (0, -1))
    assert last < 0.97 * first


@pytest.mark.usefixtures("optimized")
def test_cbow_finds_the_planted_analogies(planted, exam):
    settings = replace(PLANTED.train, architecture="cbow", epochs=2)
    trained = train(planted, replace(PLANTED, train=settings), show=False)
    assert accuracy(trained, exam) > 0.5


@pytest.mark.usefixtures("optimized")
def test_two_devices_learn_as_much_as_one(planted, exam):
    settings = replace(PLANTED.train, epochs=0.5)
    one, two = (
        train(planted, replace(PLANTED, train=replace(settings, devices=number)), show=False)
        for number in (1, 2)
    )
    assert abs(accuracy(one, exam) - accuracy(two, exam)) < 0.02
    assert loss(one.curve[-1]) == pytest.approx(loss(two.curve[-1]), rel=0.1)
    assert one.words == two.words


@pytest.mark.parametrize("devices", [1, 2, 4, 8])
def test_the_same_seed_gives_the_same_bits(devices):
    one, again, other = (run(devices=devices, seed=seed, learning_rate=0.01) for seed in (1, 1, 2))
    assert same_bits(one, again)
    assert not np.array_equal(one.parameters.input, other.parameters.input)
    for leaf in jax.tree.leaves(one.parameters):
        assert np.isfinite(leaf).all() and np.abs(leaf).max() > 0


def num_pairs(corpus: EncodedCorpus, window: int, architecture: str) -> int:
    """Of one epoch with whole windows, counted one by one."""
    size, found = len(corpus.ids), 0
    document = np.searchsorted(corpus.starts, np.arange(size), side="right")
    for centre in range(size):
        near = document[max(0, centre - window) : centre + window + 1] == document[centre]
        found += near.sum() - 1 if architecture == "skip-gram" else near.sum() > 1
    return int(found)


@pytest.mark.parametrize(
    "changes",
    [{}, {"devices": 3}, {"architecture": "cbow"}, {"grouping": "pair"}],
    ids=lambda changes: " ".join(map(str, changes.values())) or "usual",
)
def test_pairs_and_losses_are_counted_right(changes):
    """Before anything is learnt every score is zero: a pair costs log 2, and k log 2 for noise."""
    output = OutputConfig("negative-sampling", collision="keep", num_noise=3)
    trained = run(output, learning_rate=1e-12, dynamic_window=False, **changes)
    architecture = changes.get("architecture", "skip-gram")
    assert trained.pairs == 2 * num_pairs(short(), 3, architecture)
    assert trained.words == trained.kept_words == 2_000
    assert trained.curve[-1].words == 2_000
    for point in trained.curve:
        assert point.positive == pytest.approx(np.log(2), rel=1e-5)
        assert point.noise == pytest.approx(3 * np.log(2), rel=1e-5)


def test_windows_are_drawn_evenly():
    radius = np.asarray(draw_radius(jax.random.key(0), (40_000,), replace(SMALL, window=5)))
    found = np.bincount(radius, minlength=6)
    assert found[0] == 0 and len(found) == 6
    assert (np.abs(found[1:] - 8_000) < 4 * np.sqrt(40_000 * 0.2 * 0.8)).all()
    fixed = draw_radius(jax.random.key(0), (7,), replace(SMALL, dynamic_window=False))
    np.testing.assert_array_equal(fixed, 3)


def test_one_program_serves_all_segments(monkeypatch):
    traced = []

    def counted(**arguments: Any) -> Any:
        traced.append(arguments)
        return update(**arguments)

    update = program.update
    monkeypatch.setattr(program, "update", counted)
    trained = run(dim=7)
    assert len(trained.curve) > 10
    assert len(traced) == 1


@pytest.mark.parametrize("devices", [1, 2])
def test_every_step_segment_and_device_draws_anew(devices, monkeypatch):
    """No two steps have the same noise or the same windows."""
    seen: dict[str, list[bytes]] = {"shared": [], "radius": []}
    original = {"update": program.update, "make_batch": program.make_batch}

    def watch(name: str, function: str) -> None:
        def watched(**arguments: Any) -> Any:
            jax.debug.callback(
                lambda drawn: seen[name].append(np.asarray(drawn).tobytes()), arguments[name]
            )
            return original[function](**arguments)

        monkeypatch.setattr(program, function, watched)

    watch("shared", "update")
    watch("radius", "make_batch")
    trained = run(devices=devices, dim=8)
    jax.effects_barrier()
    steps = len(seen["shared"])
    assert steps >= 2_000 // 32 and len(trained.curve) >= 5
    nothing = np.zeros(32, np.int32).tobytes()
    radii = [radius for radius in seen["radius"] if radius != nothing]
    assert len(set(seen["shared"])) == steps
    assert len(set(radii)) == len(radii) >= 2_000 // 32 - 2


def test_the_learning_rate_decides_how_far_rows_move():
    """Linear decay to nothing: half the rate, half the way, as long as steps are small."""
    start = np.asarray(run(learning_rate=1e-12).parameters.input)
    small, large = (run(learning_rate=rate).parameters for rate in (1e-5, 2e-5))
    ratio = np.abs(np.asarray(large.output)).sum() / np.abs(np.asarray(small.output)).sum()
    assert ratio == pytest.approx(2, rel=0.01)
    assert np.abs(np.asarray(small.input) - start).max() < 1e-4


def test_training_that_blows_up_stops_and_names_the_step():
    with pytest.raises(FloatingPointError, match=r"step [\d,]+: lower learning_rate"):
        run(learning_rate=1e20, damping=0.0)


def test_steps_are_whole_blocks():
    with pytest.raises(InputError, match=r"tokens_per_step is 36: .* multiple of block_size"):
        run(tokens_per_step=36)


@pytest.mark.parametrize("changes", [{}, {"architecture": "cbow"}, {"predicts": "neighbours"}])
def test_tiles_change_nothing_where_no_rows_are_shared_by_block(changes):
    """Nor where the last of them is not full."""
    one, other = (
        run(OutputConfig(layer="hierarchical-softmax"), tile_size=size, **changes).parameters
        for size in (4, 6)
    )
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
