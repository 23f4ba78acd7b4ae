"""Samplers that go by the stream: what they draw in training, from which words, by which law."""

from dataclasses import replace
from itertools import cycle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import COUNTS, DRAWS, TABLE_SIZE, V, config_of
from test_train import SMALL, short

from w2vjax.config.layers import sampled_layers
from w2vjax.config.schema import OutputConfig, RunConfig, SamplerConfig, TrainConfig
from w2vjax.config.settings import Settings
from w2vjax.engine import program
from w2vjax.engine.kept_words import Plan
from w2vjax.engine.replicas import Run
from w2vjax.engine.stream import NO_DOCUMENT, Layout, segments
from w2vjax.engine.train import Trained, train, train_replicas
from w2vjax.errors import InputError
from w2vjax.losses.layers import build
from w2vjax.samplers import SAMPLERS, STREAMED, parse, probabilities
from w2vjax.samplers import build as build_sampler
from w2vjax.samplers.fit import goodness_of_fit
from w2vjax.samplers.streamed import InBatch, LearnedUnigram

THINNED = replace(SMALL, subsample=0.01)


def config(sampler: str, layer: str = "negative-sampling", **changes: Any) -> RunConfig:
    output = OutputConfig(layer, parse(sampler), num_noise=3)
    return RunConfig(output=output, train=replace(SMALL, **changes))


def run(sampler: str, layer: str = "negative-sampling", **changes: Any) -> Trained:
    return train(short(), config(sampler, layer, **changes), show=False)


def kept_words(train: TrainConfig) -> np.ndarray:
    """Every word that training keeps, in order."""
    settings = Settings.of(RunConfig(train=train))
    plan = Plan(short(20_000), settings)
    layout = Layout.of(settings, 1, plan.kept_words())
    here = slice(layout.window, layout.window + layout.shard)
    return np.concatenate(
        [s.tokens[0, here][s.documents[0, here] != NO_DOCUMENT] for s in segments(plan, layout)]
    )


# --- noise from the step's own words ---


def test_noise_is_drawn_from_the_step_by_position():
    words = jnp.array([[3, 3, 3, 7], [5, 1, -1, -1], [-1, -1, -1, -1]], jnp.int32)
    sampler = InBatch.of(np.arange(10.0, 0.0, -1.0))
    drawn = np.asarray(sampler.sample_from(words, jax.random.key(0), (3, 50, 400)))
    assert drawn.shape == (3, 50, 400) and drawn.dtype == np.int32
    for step, chances in ((0, {3: 0.75, 7: 0.25}), (1, {5: 0.5, 1: 0.5}), (2, {0: 1.0})):
        assert set(np.unique(drawn[step])) == set(chances)
        for word, chance in chances.items():
            error = np.sqrt(chance * (1 - chance) / drawn[step].size)
            assert abs((drawn[step] == word).mean() - chance) <= 4 * error
    assert len(np.unique(drawn[0], axis=0)) == 50, "every group has draws of its own"


def test_its_law_is_that_of_the_words_kept():
    corpus = short(20_000)
    plan = Plan(corpus, THINNED)
    words = kept_words(replace(THINNED, epochs=5))
    observed = np.bincount(words, minlength=len(corpus.vocabulary))
    layer = Run.of(corpus, [config("in-batch", subsample=0.01)]).layer
    law = probabilities(layer.sampler, len(corpus.vocabulary))
    assert min(goodness_of_fit(observed, law).values()) > 1e-3
    raw = corpus.vocabulary.counts / corpus.vocabulary.counts.sum()
    assert goodness_of_fit(observed, raw)["all words"] < 1e-9
    kept = corpus.vocabulary.counts * plan.keep()
    np.testing.assert_allclose(law, kept / kept.sum(), rtol=1e-5)


@pytest.mark.parametrize("layer, grouping", [*zip(sampled_layers(), cycle(["block", "pair"]))])
def test_training_draws_from_its_steps_words(layer, grouping, monkeypatch):
    """Every noise word is a centre of the same step; all of them come up sooner or later."""
    seen: list[tuple[np.ndarray, np.ndarray]] = []
    original = program.train_shard

    def watched(layer: Any, tokens: Any, **rest: Any) -> Any:
        drawn = type(layer).shared_rows

        def shared_rows(self: Any, key: Any, shape: Any, words: Any) -> Any:
            noise = drawn(self, key, shape, words)
            record = lambda *both: seen.append(tuple(map(np.asarray, both)))  # noqa: E731
            jax.debug.callback(record, noise, tokens)
            return noise

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(layer), "shared_rows", shared_rows)
            return original(layer=layer, tokens=tokens, **rest)

    monkeypatch.setattr(program, "train_shard", watched)
    trained = run("in-batch", layer, grouping=grouping, dim=5, noise_per_block=48)
    jax.effects_barrier()
    assert np.isfinite(trained.parameters.output).all() and trained.parameters.output.any()
    assert len(seen) >= 10
    size, window = SMALL.tokens_per_step, SMALL.window
    steps = hits = 0
    for noise, tokens in seen[:-1]:  # the last is not full
        groups = size * 2 * window if grouping == "pair" else size // SMALL.block_size
        draws = 3 if grouping == "pair" and layer != "sampled-softmax" else 48
        assert noise.shape == (len(noise), groups, draws)
        for number, drawn in enumerate(noise):
            words = set(tokens[window + number * size :][:size].tolist())
            assert set(drawn.ravel().tolist()) <= words
            steps, hits = steps + 1, hits + (len(words) == len(set(drawn.ravel().tolist())))
    assert hits > 0.9 * steps > 20


# --- the unigram distribution, learned ---


def test_counts_start_at_one_and_are_learned():
    sampler = LearnedUnigram.of(np.array([90.0, 9.0, 1.0]))
    np.testing.assert_allclose(probabilities(sampler, 3), 1 / 3, rtol=1e-6)
    seen = np.array([6, 0, 1])
    once, twice = sampler.learn(seen), sampler.learn(seen).learn(seen)
    np.testing.assert_allclose(probabilities(once, 3), np.array([7, 1, 2]) / 10, rtol=1e-6)
    np.testing.assert_allclose(probabilities(twice, 3), np.array([13, 1, 3]) / 17, rtol=1e-6)
    assert jax.tree.structure(once) == jax.tree.structure(sampler)


@pytest.mark.parametrize("devices", [1, 2])
def test_each_segment_draws_by_the_words_before_it(devices, monkeypatch):
    laws, seen, traced = [], [], []
    after, train_shard = Run.after, program.train_shard

    def watched(self: Run, layer: Any, parts: Any) -> Any:
        laws.append(np.asarray(layer.sampler.counts))
        part = parts[0]
        here = slice(SMALL.window, part.tokens.shape[1] - SMALL.window)
        inside = part.documents[:, here] != NO_DOCUMENT
        seen.append(np.bincount(part.tokens[:, here][inside], minlength=40))
        return after(self, layer, parts)

    def traces(**arguments: Any) -> Any:
        traced.append(arguments)
        return train_shard(**arguments)

    monkeypatch.setattr(Run, "after", watched)
    monkeypatch.setattr(program, "train_shard", traces)
    run("learned-unigram", "nce", devices=devices, dim=9)
    assert len(laws) > 10 and len(traced) == 1, "one program serves all segments"
    for number, counts in enumerate(laws):
        np.testing.assert_array_equal(counts, 1 + sum(seen[:number], np.zeros(40, int)))
    whole = 2 * np.bincount(short().ids, minlength=40)
    np.testing.assert_array_equal(sum(seen), whole)


def test_the_law_of_a_segment_reaches_its_draws(monkeypatch):
    """Draws, and the log-probabilities that correct for them, are those of the counts so far."""
    drawn, corrected, counts = [], [], []
    after, update = Run.after, program.update

    def watched(layer: Any, shared: Any, **rest: Any) -> Any:
        everything = layer.sampler.log_prob(jnp.arange(40))
        record = lambda *both: (drawn.append(both[0]), corrected.append(both[1]))  # noqa: E731
        jax.debug.callback(record, shared, everything, ordered=True)
        return update(layer=layer, shared=shared, **rest)

    def noted(self: Run, layer: Any, parts: Any) -> Any:
        counts.append(np.asarray(layer.sampler.counts))
        return after(self, layer, parts)

    monkeypatch.setattr(program, "update", watched)
    monkeypatch.setattr(Run, "after", noted)
    run("learned-unigram", devices=1, dim=10)
    jax.effects_barrier()
    steps = len(drawn) // len(counts)
    for number in (0, 5, len(counts) - 1):
        law = counts[number] / counts[number].sum()
        of = slice(number * steps, (number + 1) * steps)
        np.testing.assert_allclose(np.exp(corrected[of.start]), law, rtol=1e-5)
        observed = np.bincount(np.ravel(drawn[of]), minlength=40)
        assert goodness_of_fit(observed, law)["all words"] > 1e-4
    assert goodness_of_fit(observed, np.full(40, 1 / 40))["all words"] < 1e-9


# --- all of them ---


@pytest.mark.parametrize("name", STREAMED)
def test_replicas_have_streams_of_their_own(name):
    configs = [config(name, "nce", seed=seed, subsample=0.01) for seed in (1, 2)]
    together = train_replicas(short(), configs, show=False)
    for one, both in zip(configs, together, strict=True):
        alone = train(short(), one, show=False)
        np.testing.assert_allclose(alone.parameters.output, both.parameters.output, atol=2e-5)
    assert np.abs(together[0].parameters.output - together[1].parameters.output).max() > 1e-3


@pytest.mark.parametrize("name, layer", [*zip(SAMPLERS, cycle(sampled_layers()))])
def test_noise_is_shared_by_groups_whatever_the_sampler(name, layer):
    """Every block of a step, or every pair, has noise of its own, of the step's law."""
    sampler = replace(SAMPLERS[name], table_size=TABLE_SIZE)
    built = build(config_of(layer, sampler=sampler), DRAWS, COUNTS)
    words = jax.random.randint(jax.random.key(4), (5, 32), 0, V)
    for grouping in ("block", "pair"):
        settings = Settings.of(RunConfig(train=replace(SMALL, grouping=grouping)))
        groups = program.num_groups(settings, built.candidate_scope)
        assert groups == (4 if grouping == "block" else 192)
        drawn = np.asarray(built.shared_rows(jax.random.key(0), (5, groups), words))
        assert drawn.shape == (5, groups, DRAWS)
        assert len(np.unique(drawn.reshape(-1, DRAWS), axis=0)) > 0.9 * 5 * groups
        assert (drawn >= 0).all() and (drawn < V).all()


@pytest.mark.parametrize("name", STREAMED)
def test_they_take_nothing_else(name):
    for wrong in (f"{name}:alias", f"{name}+uniform(0.1)", f"{name}^2"):
        with pytest.raises(InputError, match=f"{name} is used by its name alone"):
            parse(wrong)
    with pytest.raises(InputError, match="it takes no mechanism, share of uniform"):
        build_sampler(SamplerConfig(name, mechanism="alias"), COUNTS)
    with pytest.raises(InputError, match="all counts are zero"):
        build_sampler(SamplerConfig(name), np.zeros(3))
