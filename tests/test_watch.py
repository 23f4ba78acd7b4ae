"""Laws of watching: it changes no bit, takes no time of training, and tells the truth."""

import time
from collections.abc import Mapping
from dataclasses import replace

import jax
import numpy as np
import pytest
from test_sync import run_of
from test_train import SMALL, same_bits, short

from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, TrainConfig
from w2vjax.engine.sync import Sync
from w2vjax.engine.train import Trained, train, train_replicas
from w2vjax.engine.watch import Watch
from w2vjax.errors import InputError
from w2vjax.records.metrics import CURVE
from w2vjax.study import run
from w2vjax.study.watching import Watching
from w2vjax.text.encoding import encode

EVERY = 300.0
SCORING = 0.15
"""seconds"""


def of(devices: int = 1, layer: str = "negative-sampling", seed: int = 0) -> RunConfig:
    return RunConfig(output=OutputConfig(layer), train=replace(SMALL, devices=devices, seed=seed))


def slowly(config: RunConfig, trained: Trained) -> Mapping[str, float]:
    """A score that says which run's vectors it has seen."""
    time.sleep(SCORING)
    return {"seed": config.train.seed, "sum": float(np.abs(trained.embeddings.vectors).sum())}


@pytest.mark.parametrize("devices, layer", [(1, "negative-sampling"), (2, "hierarchical-softmax")])
def test_to_be_looked_at_changes_no_bit_and_takes_no_time(devices, layer):
    config = of(devices, layer)
    blind = train(short(), config, show=False)
    seen = train(short(), config, show=False, watch=Watch(every=EVERY, score=slowly))
    assert same_bits(blind, seen) and blind.looks == ()
    words = [look.words for look in seen.looks]
    # The first end of a segment (128 kept words) after each multiple, and none at the very end.
    assert [word // EVERY for word in words] == [1, 2, 3, 4, 5, 6] and max(words) < 2_000
    seconds = [0.0, *(look.seconds for look in seen.looks), seen.seconds]
    assert (np.diff(seconds) > 0).all() and seen.seconds < SCORING * len(words)
    sums = [look.scores["sum"] for look in seen.looks]
    assert len(set(sums)) == len(sums), "the vectors of their moment"


@pytest.mark.parametrize("devices", [1, 2])
def test_a_look_sees_what_the_end_would_leave(devices):
    state, sync = None, None
    ready = run_of(devices)
    state, sync, layer = ready.state, Sync(ready), ready.layer
    for number, (_, segment) in enumerate(ready.segments()):
        arguments = ready.arguments(number, segment)
        if number == 0:
            program = ready.lower(arguments).compile()
        state = sync(program(state, layer, *arguments)[0])
        if number == 2:  # rare rows are not agreed on yet
            break
    before = jax.tree.map(np.array, state.parameters)
    seen = jax.tree.map(np.array, sync.agreed(state))
    assert all(map(np.array_equal, jax.tree.leaves(before), jax.tree.leaves(state.parameters)))
    ended = jax.tree.map(np.array, sync.end(state).parameters)
    assert all(map(np.array_equal, jax.tree.leaves(seen), jax.tree.leaves(ended)))
    assert not np.array_equal(seen.input, before.input)


def test_runs_that_train_together_are_scored_each():
    configs = [of(seed=seed) for seed in (3, 5)]
    watch = Watch(every=EVERY, score=slowly)
    found = train_replicas(short(), configs, show=False, watch=watch)
    alone = train(short(), configs[1], show=False, watch=watch)
    for config, each in zip(configs, found, strict=True):
        assert len(each.looks) == 6
        assert {look.scores["seed"] for look in each.looks} == {config.train.seed}
    for one, both in zip(alone.looks, found[1].looks, strict=True):
        assert one.words == both.words
        assert one.scores["sum"] == pytest.approx(both.scores["sum"], rel=1e-5)


def test_every_segment_tells_its_loss_rate_and_speed():
    told: list[tuple[int, Mapping[str, float]]] = []
    watch = Watch(tell=lambda config, words, numbers: told.append((words, numbers)))
    trained = train(short(), of(), show=False, watch=watch)
    assert [words for words, _ in told] == [point.words for point in trained.curve]
    for (_, numbers), point in zip(told, trained.curve, strict=True):
        assert numbers["loss/total"] == point.positive + point.noise
        assert numbers["speed/words"] == pytest.approx(numbers["speed/kept-words"], rel=1e-6)
    rates = [numbers["learning-rate"] for _, numbers in told]
    start = of().resolved().train.learning_rate
    assert (np.diff(rates) < 0).all() and rates[0] < start and rates[-1] < 0.1 * start
    ends = np.array([words for words, _ in told])
    seconds = np.diff(ends, prepend=0) / [numbers["speed/words"] for _, numbers in told]
    assert seconds.sum() == pytest.approx(trained.seconds, rel=0.3)


def test_scores_on_the_way_are_recorded_and_end_in_those_of_the_table():
    config = RunConfig(
        corpus=CorpusConfig("planted", max_words=40_000, held_out_every=5),
        train=TrainConfig(dim=8, epochs=1, devices=1),
    )
    corpus = encode(config.corpus, progress=False)
    [(trained, rows)] = run.execute([config], corpus, False, Watching(evaluate_every=10_000))
    for name in ("analogy/total", "analogy/semantic"):
        curve = [row for row in rows if row["metric"] == CURVE + name]
        (end,) = [row for row in rows if row["metric"] == name]
        assert len(curve) == len(trained.looks) + 1 >= 3
        assert curve[-1]["value"] == end["value"] and curve[-1]["x"] == trained.words
        assert curve[-1]["elapsed"] == trained.seconds
    assert all(row["run"] == config.run_id for row in rows)
    (_, plain) = run.execute([config], corpus, False)[0]
    assert not [row for row in plain if row["metric"].startswith(CURVE)]


def test_words_between_looks_are_at_least_one():
    with pytest.raises(InputError, match=r"evaluate_every is 0.*at least 1"):
        Watching(evaluate_every=0)
