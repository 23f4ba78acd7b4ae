"""The scripts of the study: their cells are what the study says, and each runs from end to end."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest
import synthetic

from w2vjax.commands.grid_command import script
from w2vjax.config.layers import LAYERS, layer_class
from w2vjax.errors import InputError
from w2vjax.records import file as records
from w2vjax.records.metrics import FINISHED
from w2vjax.report.cells import load
from w2vjax.study.experiment import Experiment

KINDS = ("product", "scatter", "gather", "rest")
FOLDER = Path(__file__).parents[1] / "experiments"


def loaded(name: str) -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(FOLDER / f"{name}.py"), run_name=name))


def blocks(experiment: Experiment) -> int:
    return sum(len(part.cells()) for part in experiment._blocks())


@pytest.mark.parametrize(
    ("name", "num_cells", "seeds"),
    [
        *(("layers", 7, 5), ("samplers", 19, 5), ("power", 12, 5), ("noise", 10, 5)),
        *(("table", 5, 5), ("clock", 18, 3), ("tuning", 116, (1000,))),
        *(("sharing", 18, 3), ("priorities", 21, 3), ("normalised", 8, 2)),
    ],
)
def test_cells_of_the_study(name, num_cells, seeds):
    experiment = loaded(name).EXPERIMENT
    assert (experiment.name, blocks(experiment), experiment.seeds) == (name, num_cells, seeds)


def test_the_held_out_seed_is_used_for_nothing_else():
    for name in ("layers", "samplers", "power", "noise", "table", "clock"):
        assert isinstance(loaded(name).EXPERIMENT.seeds, int)
        assert loaded(name).EXPERIMENT.seeds < loaded("tuning").SEED


def test_every_layer_is_tuned_over_as_many_rates_and_its_default_among_them():
    rates = loaded("tuning").RATES
    assert set(rates) == set(LAYERS)
    assert len({len(of) for of in rates.values()}) == 1
    for layer, of in rates.items():
        assert layer_class(layer).defaults.learning_rate in of, layer


def test_a_quick_trial_of_a_script(undrawn, tmp_path, capsys):
    experiment = loaded("clock").EXPERIMENT
    assert script(experiment, "", None, ["--quick", "--out", str(tmp_path)]) == 0
    rows = load(tmp_path)
    runs = {config.run_id for config in experiment.quick().configs()}
    assert len(runs) == 6 and records.finished(tmp_path) == runs
    assert set(rows["experiment"]) == {"clock-quick"}
    shown = capsys.readouterr()
    assert "clock-quick: 6 cells, 6 runs" in shown.err and "| NEG" in shown.out


def test_the_big_text_takes_the_best_three_samplers(tmp_path):
    records.Records(tmp_path).append(synthetic.experiment(num_seeds=2))
    experiment = loaded("big").experiment(tmp_path)
    labels = [config.output.label for config in experiment.configs()]
    assert set(labels[:3]) == {
        *("negative-sampling / unigram^0.75", "nce / unigram^0.75"),
        "sampled-softmax / unigram^0.75",
    }
    assert labels[3:5] == ["negative-sampling / log-uniform", "hierarchical-softmax"]
    assert len(labels) == 15
    with pytest.raises(InputError, match=r"run experiments/samplers\.py first"):
        loaded("big").experiment(tmp_path / "none")


def test_tuning_finds_the_best_rate_of_each_cell_or_its_default_where_as_good(tmp_path, capsys):
    def rows(label: str, rate: float, accuracy: float) -> list[dict]:
        run = {"run": f"{label}{rate}", "seed": 1000, "label": label}
        config = {"config.train.learning_rate": rate}
        return [
            run | config | {"metric": "analogy/total", "value": accuracy},
            run | {"metric": FINISHED, "value": None},
        ]

    file = records.Records(tmp_path)
    for rate, nce, tree in ((0.01, 0.1, 0.4), (0.02, 0.3, 0.2), (0.04, 0.2, 0.1)):
        file.append(rows("nce / uniform", rate, nce) + rows("balanced-softmax", rate, tree))
    for rate, level, apart in ((0.025, 0.305, 0.32), (0.05, 0.3, 0.3), (0.075, 0.29, 0.29)):
        file.append(rows("nce / in-batch", rate, level) + rows("nce / zipf^1", rate, apart))
    file.append(rows("nce / zipf^2", 0.01, 0.005))  # its default was not tried
    loaded("tuning").finish(tmp_path)
    best = {"balanced-softmax": 0.01, "nce / in-batch": 0.05, "nce / uniform": 0.02}
    best |= {"nce / zipf^1": 0.025, "nce / zipf^2": 0.01}
    assert json.loads((tmp_path / "rates.json").read_text()) == best
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("balanced-softmax: 0.01 (0.01: 40.0 %") and "end of" in told[0]
    assert told[2] == "nce / uniform: 0.02 (0.01: 10.0 %, 0.02: 30.0 %, 0.04: 20.0 %)"


def test_operations_are_told_by_what_they_hold():
    def step(matrix: jax.Array, rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        scores = jnp.tanh(matrix[rows] @ matrix[rows].T)
        return matrix.at[rows].add(jnp.exp(scores @ matrix[:3])), jnp.tanh(matrix[rows + 1])

    lowered = jax.jit(step).lower(jnp.ones((40, 8)), jnp.arange(3))
    # As users compile, and not as the other tests do.
    program = lowered.compile({"xla_cpu_use_fusion_emitters": True}).as_text()
    found = loaded("profile_step").operations(program)
    kinds = {kind: {shape for known, shape in found.values() if known == kind} for kind in KINDS}
    assert {"f32[3,3]", "f32[3,8]"} <= kinds["product"]
    assert "f32[40,8]" in kinds["scatter"] and "f32[3,1,8]" in kinds["gather"]


def test_the_exact_softmax_is_timed_beside_others(tmp_path, capsys):
    script = loaded("exact_softmax")
    script.main(sizes=script.Sizes(40, 4, 8), repeats=1, out=tmp_path)
    assert "| softmax_loss |" in capsys.readouterr().out
    assert {len(of) for of in json.loads((tmp_path / "seconds.json").read_text()).values()} == {1}
