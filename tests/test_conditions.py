"""Tables and figures tell on what accuracy and speed depend beside layer and sampler."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure

from w2vjax.config.schema import OutputConfig, RunConfig, SamplerConfig, TrainConfig
from w2vjax.records.metrics import FINISHED
from w2vjax.report import comparison
from w2vjax.report.chart import Drawing
from w2vjax.study.run import planned

NOISE = "Noise words shared by the words of a block: "
SEEDS = "Seeds trained as one program: "


def run(layer: str = "nce", power: float = 0.75, **settings: Any) -> Iterator[dict[str, Any]]:
    """A finished run; `replicas` as recorded, all else is of its training."""
    ended = {"replicas": settings.pop("replicas")} if "replicas" in settings else {}
    output = OutputConfig(layer, SamplerConfig(power=power))
    plan = planned(RunConfig(output=output, train=TrainConfig(**settings)), "test")
    yield plan | {"metric": "analogy/total", "value": 0.4}
    yield plan | ended | {"metric": FINISHED, "value": None}


def frame(*runs: Iterator[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([row for each in runs for row in each]).assign(x=None)


@pytest.mark.parametrize(
    "runs, told",
    [
        ([{"layer": "negative-sampling"}], "32 by 64"),
        ([{"block_size": 32}, {"layer": "full-softmax"}], "48 by 32"),
        ([{}, {"layer": "negative-sampling"}], "48 by 64 in NCE, 32 by 64 in NEG"),
        ([{"grouping": "pair"}, {}], "none or 48 by 64"),
        ([{"layer": "full-softmax"}, {"layer": "sppmi-svd"}], None),
    ],
)
def test_the_caption_says_how_noise_is_shared(runs, told):
    caption = comparison.table(frame(*(run(**each) for each in runs))).caption
    assert f" {NOISE}{told}. " in caption if told else NOISE not in caption


def test_cells_of_a_layer_that_share_noise_differently_are_told_apart():
    """By the setting in their names, or else by their samplers in the caption."""
    named = comparison.table(frame(run(noise_per_block=16), run(noise_per_block=8)))
    assert f"{NOISE}16 by 64 or 8 by 64." in named.caption
    assert [name.split("=")[-1] for name in named.text["sampler"]] == ["8", "16"]
    runs = run(noise_per_block=16), run(power=1.0, noise_per_block=8), run("negative-sampling")
    told = "16 by 64 in NCE with unigram^0.75, 8 by 64 in NCE with unigram^1, 32 by 64 in NEG."
    assert NOISE + told in comparison.table(frame(*runs)).caption


def test_seeds_that_trained_together_are_told_and_kept_apart_from_others():
    alone = comparison.table(frame(run(seed=0), run(seed=1, replicas=1)))
    assert SEEDS not in alone.caption and "seeds a program" not in alone.text
    pair = comparison.table(frame(run(seed=0, replicas=2), run(seed=1, replicas=2)))
    assert f"{SEEDS}2; seconds and speeds are each one's share. " in pair.caption
    assert "seeds a program" not in pair.text
    mixed = comparison.table(frame(run(seed=0, replicas=2), run(seed=1), run("full-softmax")))
    assert f"{SEEDS}1 or 2; seconds and speeds are each one's share; compare" in mixed.caption
    assert list(mixed.text["seeds a program"]) == ["1 and 2", "1"]


def test_every_figure_of_runs_says_so_too(monkeypatch: pytest.MonkeyPatch):
    def draw(data: pd.DataFrame) -> Drawing:
        return Drawing(Figure((1, 1)), pd.DataFrame(), "All.")

    names = ("accuracy_against_speed", "sampler_distributions")
    monkeypatch.setattr(comparison, "FIGURES", dict.fromkeys(names, draw))
    captions = [made.caption for made in comparison.pictures(frame(run(replicas=4))).values()]
    told = f"{NOISE}48 by 64. {SEEDS}4; seconds and speeds are each one's share."
    assert captions == [f"All. {told}", "All."]
