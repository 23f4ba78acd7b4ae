"""The language model example, in small, on a language in which a word tells the next."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest
from flax import nnx

from w2vjax import encode, nn
from w2vjax.config.schema import CorpusConfig

EXAMPLES = Path(__file__).parents[1] / "examples"
COMMITTED = EXAMPLES.parent / "results" / "language_model"
NUM_WORDS, SURE, STEPS = 60, 0.9, 100
"""a word's successor comes with probability `SURE`, else any word"""


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    """The script, with a head of every kind and one other sampler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        module = importlib.import_module("language_model")
        others = "exact softmax", "sampled softmax / log-uniform", "NCE / unigram^1"
        assert {module.REFERENCE, *others} <= set(module.HEADS)
        patch.setattr(module, "HEADS", (module.REFERENCE, *others))
        yield module


@pytest.fixture(scope="module")
def study(example, tmp_path_factory):
    generator = np.random.default_rng(0)
    successors, words = generator.permutation(NUM_WORDS), [0]
    for _ in range(12_000):
        sure = generator.random() < SURE
        words.append(successors[words[-1]] if sure else generator.integers(NUM_WORDS))
    articles = np.array(words[1:]).reshape(60, -1)
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(" ".join(f"w{word}" for word in article) for article in articles))
    sizes = {"num_features": 16, "num_sampled": 8, "num_streams": 4, "length": 16}
    return example.Study(str(path), **sizes, held_out_every=10, seconds=(1, 2), seeds=(1,))


@pytest.fixture(scope="module")
def results(example, study, tmp_path_factory) -> Path:
    """All heads trained for `STEPS` steps, by a pace that is written down already."""
    out = tmp_path_factory.mktemp("results")
    pace = study.seconds[-1] / STEPS
    example.append(out / "times.csv", [{"head": name, "seconds": pace} for name in example.HEADS])
    assert example.compare(study, out, timing=False) == 0
    return out


def test_every_head_learns_what_tells_the_next_word(example, study, results):
    held_out, points = example.text_of(study).held_out, pd.read_csv(results / "points.csv")
    shares = np.bincount(held_out.ravel()) / held_out.size
    unigram = np.exp(-np.mean(np.log(shares[held_out])))
    assert unigram > 50
    last = points[points["seconds"] == study.seconds[-1]].set_index(["head", "seed"])
    assert len(points) == 2 * len(last) == 2 * len(example.HEADS) * len(study.seeds)
    assert (last["words"] == STEPS * study.num_streams * study.length).all()
    assert last["perplexity"].max() < unigram / 3
    lines = (results / "table.md").read_text().split("\n\n")[0].splitlines()
    assert len(lines) == 2 + len(example.HEADS) and "6,400" in lines[2]
    assert (results / "perplexity.png").stat().st_size


def test_what_is_done_is_not_done_again(example, study, results, monkeypatch):
    before = (results / "points.csv").read_bytes(), (results / "table.md").read_bytes()
    monkeypatch.setattr(example, "run", None)
    assert example.compare(study, results, timing=False) == 0
    assert before == ((results / "points.csv").read_bytes(), (results / "table.md").read_bytes())


def test_the_committed_table_is_what_the_committed_rows_give(example):
    points, times = (pd.read_csv(COMMITTED / f"{name}.csv") for name in ("points", "times"))
    made = example.table(points, example.best_times(times), example.REFERENCE)
    assert made == (COMMITTED / "table.md").read_text()
    assert set(points["head"]) == set(times["head"]) and (COMMITTED / "perplexity.png").exists()


def test_steps_are_timed_in_turn_and_nothing_is_trained(example, study, tmp_path):
    assert example.compare(study, tmp_path, timing=True) == 0
    times = pd.read_csv(tmp_path / "times.csv")
    assert list(times["head"]) == list(example.HEADS) * times["round"].nunique()
    assert times["seconds"].between(0, 1, inclusive="neither").all()
    assert not (tmp_path / "points.csv").exists()


def test_whole_articles_are_held_out(example, study):
    text = example.text_of(study)
    assert text.held_out.size == 1_200 and text.train.size == 10_800
    words = encode(CorpusConfig(study.source, min_count=5)).vocabulary.words
    tenths = Path(study.source).read_text().splitlines()[9::10]
    assert [words[word] for word in text.held_out.ravel()] == " ".join(tenths).split()


@pytest.mark.parametrize("name", ["sampled softmax / unigram^0.75", "NCE / unigram^1"])
def test_a_step_by_rows_is_one_of_adagrad_with_whole_matrices(example, study, name):
    recurrent, text = importlib.import_module("recurrent_model"), example.text_of(study)
    rngs, key = nnx.Rngs(0), jax.random.key(1)
    learner = recurrent.Learner(example.head_of(name, text.counts, study, rngs), 4, rngs=rngs)
    words = jnp.asarray(text.train[:, :17])
    whole = nnx.clone((learner.model, learner.head))

    def loss(both: tuple[nnx.Module, nn.Head]) -> jax.Array:
        model, head = both
        hidden, _ = model.read(model.embedding[...][words[:, :-1]], jnp.zeros((4, 16)))
        return head.loss(hidden, words[:, 1:].ravel(), key).sum()

    graph, parameters, rest = nnx.split(whole, nnx.Param, ...)
    step = jax.jit(jax.value_and_grad(lambda parameters: loss(nnx.merge(graph, parameters, rest))))
    value, gradient = step(parameters)
    adagrad = optax.partition(
        {"cell": optax.adagrad(recurrent.CELL_RATE), "rows": optax.adagrad(recurrent.RATE)},
        lambda tree: jax.tree.map_with_path(
            lambda path, _: "cell" if "cell" in str(path) else "rows", tree
        ),
    )
    changes, _ = adagrad.update(gradient, adagrad.init(parameters))
    wanted = jax.tree.map(jnp.add, parameters, changes)
    np.testing.assert_allclose(recurrent.train_step(learner, words, key), value, rtol=1e-5)
    found = nnx.state((learner.model, learner.head), nnx.Param)
    chex.assert_trees_all_close(
        nnx.to_pure_dict(found), nnx.to_pure_dict(wanted), rtol=1e-5, atol=1e-6
    )


def test_perplexity_is_of_the_whole_vocabulary(example, study):
    recurrent, text = importlib.import_module("recurrent_model"), example.text_of(study)
    rngs = nnx.Rngs(0)
    head = example.head_of(example.REFERENCE, text.counts, study, rngs)
    learner, words = recurrent.Learner(head, 4, rngs=rngs), text.held_out
    hidden, _ = learner.model.read(learner.model.embedding[...][words[:, :-1]], jnp.zeros((4, 16)))
    log_probs = np.asarray(head.log_probs(hidden))
    wanted = np.exp(-log_probs[np.arange(len(hidden)), words[:, 1:].ravel()].mean())
    np.testing.assert_allclose(recurrent.perplexity(learner, words), wanted, rtol=1e-5)


def test_a_text_that_is_missing_is_told_in_a_line(example, study, tmp_path, monkeypatch, capsys):
    missing = tmp_path / "none.txt"
    monkeypatch.setattr(example, "QUICK", example.Study(str(missing)))
    assert example.main(quick=True, out=tmp_path) == 2
    told = capsys.readouterr().err
    assert told.startswith("w2vjax: ") and str(missing) in told and told.count("\n") == 1
