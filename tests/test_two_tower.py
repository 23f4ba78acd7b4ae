"""The two-tower example: its data, its scores, and that it learns whatever the noise."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import pandas as pd
import pytest

from w2vjax.errors import InputError

EXAMPLES = Path(__file__).parents[1] / "examples"
NUM_GROUPS, GROUP = 12, 10


@pytest.fixture
def next_items(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import next_items

    return next_items


@pytest.fixture
def two_tower(next_items: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The example, of a size for 120 items."""
    import two_tower

    for name, value in {"BATCH": 64, "NUM_SAMPLED": 32, "NUM_FEATURES": 16}.items():
        monkeypatch.setattr(two_tower, name, value)
    with jax.numpy_dtype_promotion("standard"):  # optax's Adam needs it
        yield two_tower
    for name in ("two_tower", "next_items"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`W2VJAX_DATA` with 400 users, each of whom stays within a group of ten items."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "items").mkdir()
    random = np.random.default_rng(0)
    groups = 1 + np.arange(NUM_GROUPS * GROUP).reshape(NUM_GROUPS, GROUP)
    users = [random.permutation(random.choice(groups))[: random.integers(4, 8)] for _ in range(400)]
    lines = [" ".join(map(str, user)) for user in [*users, [5], [5, 6]]]
    (folder / "items" / "amazon-video-games.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_data_are_cut_in_time(next_items: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "users").write_text("3 1 4 5\n9\n2 6\n")
    data = next_items.read(tmp_path / "users", num_last=2)

    def rows(split) -> list:
        return sorted(zip(split.last.tolist(), split.item.tolist(), strict=True))

    assert rows(data.test) == [([1, 4], 5)]
    assert rows(data.validation) == [([3, 1], 4)]
    assert [had.tolist() for had in data.test.had] == [[3, 1, 4]]
    assert rows(data.train) == [([0, 0], 2), ([0, 0], 3), ([0, 0], 9), ([0, 2], 6), ([0, 3], 1)]
    assert data.counts.tolist() == [0, 1, 1, 1, 0, 0, 1, 0, 0, 1]


@pytest.mark.parametrize(
    "text", ["1 2 x\n", "0 1 2\n", "1 -2 3\n", "1 2\n", "", "1 2 99999999999\n"]
)
def test_wrong_data_are_told(next_items: ModuleType, tmp_path: Path, text: str) -> None:
    (tmp_path / "users").write_text(text)
    with pytest.raises(InputError, match="users: "):
        next_items.read(tmp_path / "users", num_last=2)


def test_missing_data_are_told(two_tower: ModuleType, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("W2VJAX_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"cannot read .*amazon-video-games\.txt"):
        two_tower.main()


def test_scores_are_those_of_sorted_lists(next_items: ModuleType) -> None:
    """Over more users than are scored at once; NaN and ties count against the model."""
    random, num_users, num_items = np.random.default_rng(1), next_items.ROWS + 300, 40
    order = np.array([random.permutation(np.arange(1, num_items)) for _ in range(num_users)])
    split = next_items.Split.of([(row[:5], row[5]) for row in order], num_last=3)
    scores = random.integers(0, 25, (num_users, num_items)).astype(np.float32)
    scores[:7] = np.nan
    at = iter(np.split(scores, [next_items.ROWS]))
    found = next_items.evaluate(lambda last: next(at), split)
    hits, gains, hundred = [], [], []
    for row, score in zip(order, scores, strict=True):
        others = score[row[6:]]
        rank = int((~(others < score[row[5]])).sum())
        hits.append(rank < 10)
        gains.append((rank < 10) / np.log2(rank + 2))
        drawn = random.choice(others, (50, 100))
        hundred.append((~(drawn < score[row[5]])).sum(1) < 10)
    assert found["hit_rate"] == pytest.approx(np.mean(hits))
    assert found["ndcg"] == pytest.approx(np.mean(gains))
    error = np.std(hundred, axis=1).mean() / np.sqrt(np.size(hundred))
    assert abs(found["sampled_hit_rate"] - np.mean(hundred)) < 4 * error + 1e-3
    assert 0 < found["sampled_ndcg"] < found["sampled_hit_rate"]


@pytest.mark.parametrize("noise", ["in-batch", "uniform", "unigram^0.75", "log-uniform"])
def test_it_finds_the_groups(two_tower: ModuleType, folder: Path, noise: str) -> None:
    """Half the users' next items and more, where a list of popular ones has a tenth."""
    data = two_tower.read(folder / two_tower.FILE, two_tower.LAST)
    row = two_tower.run(data, noise, "negatives", 0.01, seed=0, epochs=12)
    popular = two_tower.evaluate(
        lambda last: np.tile(data.counts.astype(np.float32), (len(last), 1)), data.test
    )
    assert popular["hit_rate"] < 0.2 < 0.8 < row["hit_rate"]
    assert popular["ndcg"] < 0.1 < 0.3 < row["ndcg"]


def test_the_study_goes_on_where_it_was(
    two_tower: ModuleType, folder: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    def run(data, noise, log_q, rate, seed, epochs) -> dict:
        score = rate * (1 + seed)
        made.append((noise, log_q, rate, seed))
        row = {"noise": noise, "log_q": log_q, "rate": rate, "seed": seed, "epochs": 3}
        row |= {"validation_ndcg": score, "hit_rate": score, "ndcg": score}
        return row | {"sampled_hit_rate": score, "sampled_ndcg": score, "seconds": 1.0}

    made: list = []
    monkeypatch.setenv("W2VJAX_DATA", str(folder))
    monkeypatch.setattr(two_tower, "run", run)
    monkeypatch.setattr(two_tower, "NOISES", ("in-batch", "uniform"))
    two_tower.main(seeds=1, out=tmp_path)
    first = len(made)
    two_tower.main(seeds=3, out=tmp_path)
    two_tower.main(seeds=3, out=tmp_path)
    assert len(made) == len(set(made)) == len(pd.read_csv(tmp_path / "runs.csv"))
    assert first == 5 * len(two_tower.RATES) and len(made) == first + 2 * 5
    assert {rate for *_, rate, seed in made if seed} == {max(two_tower.RATES)}
    lines = (tmp_path / "table.md").read_text().splitlines()
    rows = [line for line in lines if "|" in line][2:]
    assert len(rows) == 5 and all(row.split("|")[5].strip() == "3" for row in rows)
    two_tower.main(quick=True, out=tmp_path / "none")
    assert "unigram^0.75" in capsys.readouterr().out and not (tmp_path / "none").exists()


def test_committed_table_is_what_the_runs_give(two_tower: ModuleType) -> None:
    folder = EXAMPLES.parent / "results" / "two_tower"
    made = two_tower.table(pd.read_csv(folder / "runs.csv"))
    assert (folder / "table.md").read_text() == made
