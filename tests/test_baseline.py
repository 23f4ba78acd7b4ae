"""SPPMI and SVD: against pairs counted one by one and dense algebra, and among trained layers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_train import PLANTED, SMALL, accuracy, short

from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.schema import BASELINES, CorpusConfig, OutputConfig, RunConfig, TrainConfig
from w2vjax.engine.kept_words import Plan
from w2vjax.errors import InputError
from w2vjax.records.metrics import PLANNED
from w2vjax.report.cells import load
from w2vjax.study import baseline, compare, cooccurrence, grid
from w2vjax.text.encoding import EncodedCorpus

CONFIG = RunConfig(output=OutputConfig("sppmi-svd", num_noise=2), train=replace(SMALL, epochs=1))


def dense(corpus: EncodedCorpus, window: int, dynamic: bool, every: int | None) -> np.ndarray:
    """Both ways, in pairs, counted place by place."""
    size, found = len(corpus.ids), np.zeros((40, 40))
    document = np.searchsorted(corpus.starts, np.arange(size), side="right") - 1
    for centre in range(size):
        if every and document[centre] % every == every - 1:
            continue
        for other in range(max(0, centre - window), min(size, centre + window + 1)):
            distance = abs(centre - other)
            if distance and document[other] == document[centre]:
                weight = (window - distance + 1) / window if dynamic else 1.0
                found[corpus.ids[centre], corpus.ids[other]] += weight
    return found


@pytest.mark.parametrize("piece", [64, 1 << 20])
@pytest.mark.parametrize("dynamic, every", [(True, None), (False, 3)])
def test_pairs_are_counted_as_one_by_one(piece, dynamic, every, monkeypatch):
    monkeypatch.setattr(cooccurrence, "PIECE", piece)
    corpus, settings = short(), replace(CONFIG.train, dynamic_window=dynamic)
    upper, kept_words = cooccurrence.cooccurrence(Plan(corpus, settings, every), show=False)
    assert (upper.toarray() == np.triu(upper.toarray())).all()
    found = (upper + upper.T).toarray() / settings.window
    np.testing.assert_allclose(found, dense(corpus, 3, dynamic, every), rtol=1e-12)
    whole = (upper + upper.T).toarray().sum(axis=1)
    np.testing.assert_array_equal(cooccurrence.marginals(upper), whole)
    assert kept_words == len(corpus.ids) if every is None else kept_words < len(corpus.ids)


def test_windows_and_thinning_are_those_of_training_in_expectation():
    """Means of the trained layers' pair counts over seeds."""
    from w2vjax.engine.train import train

    corpus = short(3_000)
    settings = replace(CONFIG.train, subsample=0.02)
    pairs = [
        train(corpus, RunConfig(train=replace(settings, seed=seed)), show=False).pairs
        for seed in range(12)
    ]
    config = replace(CONFIG, train=replace(settings, dim=4))
    ours = [
        baseline.sppmi_svd(corpus, replace(config, train=replace(config.train, seed=s)), False)
        for s in range(12)
    ]
    error = np.std(np.subtract(pairs, [o.pairs for o in ours]), ddof=1) / np.sqrt(12)
    assert abs(np.mean(pairs) - np.mean([o.pairs for o in ours])) < 4 * error
    assert error < 0.005 * np.mean(pairs)


@pytest.mark.parametrize("num_noise", [1, 2])
def test_the_vectors_are_those_of_dense_algebra(num_noise):
    corpus, dim = short(), 6
    config = replace(CONFIG, output=OutputConfig("sppmi-svd", num_noise=num_noise))
    trained = baseline.sppmi_svd(corpus, config, show=False)
    both = dense(corpus, 3, True, None)
    often = both.sum(axis=1)
    context = often**0.75 / (often**0.75).sum()
    with np.errstate(divide="ignore"):
        pmi = np.log(both / both.sum() / np.outer(often / both.sum(), context))
    matrix = np.maximum(pmi - np.log(num_noise), 0)
    upper, _ = cooccurrence.cooccurrence(Plan(corpus, config.train), show=False)
    found = baseline.sppmi(upper, num_noise).toarray()
    np.testing.assert_allclose(found, matrix, atol=2e-6)
    assert 40 < (matrix > 0).sum() < 1_200 and not np.allclose(matrix, matrix.T, atol=0.01)
    left, values, right = np.linalg.svd(matrix)
    scale = np.sqrt(values[:dim])
    for ours, theirs in (
        (trained.embeddings.vectors, left[:, :dim] * scale),
        (trained.embeddings.outputs, right[:dim].T * scale),
    ):
        signs = np.sign(np.sum(ours * theirs, axis=0))
        np.testing.assert_allclose(ours * signs, theirs, atol=2e-4)
    assert (trained.words, trained.kept_words, trained.steps) == (1_000, 1_000, 0)
    assert trained.pairs == pytest.approx(both.sum(), abs=1) and trained.compile_seconds == 0


def test_it_finds_the_planted_analogies(planted, exam):
    """Chance is one in 1,500."""
    config = RunConfig(PLANTED.corpus, OutputConfig("sppmi-svd"), replace(PLANTED.train, epochs=1))
    trained = baseline.sppmi_svd(planted, config, show=False)
    assert accuracy(trained, exam) > 0.2


def test_it_stands_in_the_table_beside_trained_layers(tmp_path: Path):
    base = RunConfig(
        CorpusConfig("planted", max_words=40_000, held_out_every=5),
        train=TrainConfig(dim=8, devices=1),
    )
    cells = compare.cells(base, ("negative-sampling", *BASELINES), ("in-batch",), seeds=1, epochs=1)
    outcome = grid.run("test", cells, tmp_path, show=False)
    assert outcome.finished == 2 and not outcome.failed
    frame = load(tmp_path)
    of = {label: set(rows["metric"]) for label, rows in frame.groupby("label")}
    scalars = {m for m in of["negative-sampling / in-batch"] if not m.startswith("loss/")}
    assert of["sppmi-svd"] - {PLANNED} == scalars - {PLANNED}
    table = (tmp_path / "table.md").read_text()
    assert "SPPMI-SVD" in table and "in-batch" in table


def test_every_baseline_has_a_name_of_its_own():
    assert set(baseline.CLOSED_FORMS) == set(BASELINES)
    assert not set(BASELINES) & set(OUTPUTS)
    with pytest.raises(InputError, match="did you mean sppmi-svd"):
        compare.cells(RunConfig(), ("sppmi-sdv",))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "cbow"}, "counts pairs of words: set architecture to skip-gram"),
        ({"dim": 40}, "dim is 40: sppmi-svd needs fewer dimensions than the 40 words"),
    ],
)
def test_what_a_closed_form_cannot_do(changes, message):
    with pytest.raises(InputError, match=message):
        baseline.check(replace(CONFIG, train=replace(CONFIG.train, **changes)), short())


def test_a_text_without_company_is_refused():
    config = replace(CONFIG, output=OutputConfig("sppmi-svd", num_noise=60_000))
    with pytest.raises(InputError, match="no two words stand together"):
        baseline.sppmi_svd(short(), config, show=False)
