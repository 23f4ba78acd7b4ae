"""Files of one's own: what they register can be used, and what is wrong with them is told."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import own
import pytest

from w2vjax.commands import cli
from w2vjax.config.layers import LAYERS
from w2vjax.errors import InputError
from w2vjax.evaluation.own import OWN as METRICS
from w2vjax.records import file as records
from w2vjax.records.metrics import FINISHED
from w2vjax.samplers.registry import OWN
from w2vjax.study import plugins
from w2vjax.study.experiment_file import read_experiment
from w2vjax.text import planted


@pytest.fixture(autouse=True)
def mine(folder: Path) -> Iterator[Path]:
    """A folder with a sampler, a layer and metrics, to work in."""
    own.write(folder, sampler=own.SAMPLER, layer=own.LAYER, metrics=own.METRICS)
    with own.fresh():
        yield folder


def test_what_a_file_registers_is_known_and_its_digest_recorded(mine: Path) -> None:
    for name in ("sampler", "layer", "metrics"):
        module = plugins.load(f"{name}.py")
        assert plugins.load(mine / f"{name}.py") is module  # executed once
    assert OWN["by-root"].__name__ == "by_root"
    assert LAYERS["own-softmax"].title == "own softmax"
    assert METRICS["size"].better == "lower"
    assert list(plugins.fields()) == ["plugin.sampler.py", "plugin.layer.py", "plugin.metrics.py"]
    assert all(len(digest) == 64 for digest in plugins.fields().values())


def test_a_function_of_a_file_is_a_metric_by_its_name(mine: Path) -> None:
    plugins.load_metric("metrics.py:length")
    assert METRICS["length"].origin == "metrics.py:length"
    assert METRICS["length"].help == "Mean length of vectors."
    plugins.load_metric("metrics.py:number_of_words")  # the file has registered it, as `size`
    assert set(METRICS) == {"size", "length"}


def test_modules_beside_it_are_found(mine: Path) -> None:
    (mine / "sub").mkdir()
    own.write(mine / "sub", beside_it="VALUE = 3\n", first="import beside_it\nx = beside_it.VALUE")
    assert plugins.load(mine / "sub" / "first.py").x == 3


BAD = {
    "raises": ("1\n1 / 0\n", "bad.py line 2: ZeroDivisionError: division by zero"),
    "no Python": ("x = 1\ny = (\n", "bad.py line 2: SyntaxError: '\\(' was never closed"),
    "no such module": ("import nowhere_at_all\n", "bad.py line 1: ModuleNotFoundError: No module"),
    "a built-in sampler": (
        own.SAMPLER.replace("by-root", "uniform"),
        "bad.py line .: sampler name 'uniform' is taken by a built-in one",
    ),
    "a built-in layer": (
        "from w2vjax.config.layers import LAYERS\nLAYERS['nce'] = int\n",
        "bad.py: the name of the output layer 'nce' is taken: choose another",
    ),
    "another's layer": (own.LAYER, "bad.py: the name of the output layer 'own-softmax' is taken"),
    "another's sampler": (own.SAMPLER, "bad.py: the name of the sampler 'by-root' is taken"),
    "another's metric": (own.METRICS, "bad.py: the name of the metric 'size' is taken"),
    "a wrong name": (
        "from w2vjax.evaluation import register_metric\n@register_metric('a b')\ndef f(e): ...\n",
        "bad.py line 2: metric name 'a b': use letters",
    ),
    "ends": ("import sys\nsys.exit(3)\n", "bad.py line 2: it ends the program"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_a_file_is_told_in_a_line(name: str, mine: Path) -> None:
    text, message = BAD[name]
    own.write(mine, bad=text)
    plugins.load_all(["sampler.py", "layer.py", "metrics.py"])
    before = dict(LAYERS), dict(OWN), dict(METRICS)
    with pytest.raises(InputError, match=message) as raised:
        plugins.load("bad.py")
    assert "\n" not in str(raised.value)
    assert (dict(LAYERS), dict(OWN), dict(METRICS)) == before


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("metrics.py", "give a file and its function, metric.py:hubness"),
        ("nowhere.py:length", "No such file"),
        ("metrics.py:lenght", "unknown function of metrics.py 'lenght': did you mean length"),
        ("metrics.py:of_two", r"metrics.py:of_two takes \(embeddings, other\): it must take one"),
        ("metrics.py:np", "unknown function of metrics.py 'np'"),
    ],
)
def test_what_is_no_metric_is_told_in_a_line(metric: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plugins.load_metric(metric)


def test_two_files_of_one_name_are_refused(mine: Path) -> None:
    plugins.load("sampler.py")
    (mine / "sub").mkdir()
    own.write(mine / "sub", sampler="")
    with pytest.raises(InputError, match=r"two files are called sampler\.py"):
        plugins.load("sub/sampler.py")


def test_a_file_may_be_the_program_too(mine: Path) -> None:
    """With a call of the command line at its end, guarded or not: by itself, and as a plugin."""
    call = "import sys\nfrom w2vjax.commands.cli import main\n"
    own.write(mine, alone=f"{own.SAMPLER}\n{call}sys.exit(main(sys.argv[1:]))\n")
    plugins.load("alone.py")
    assert "by-root" in OWN
    options = ["samplers", "--corpus", "planted", "--max-words", "20000", "--samplers", "by-root"]
    options += ["--num-draws", "1000", "--repeats", "1", "--plugin", "alone.py"]
    done = subprocess.run(
        [sys.executable, "alone.py", *options], capture_output=True, text=True, cwd=mine
    )
    assert done.returncode == 0 and "by-root" in done.stdout, done.stderr


SMALL = ["--corpus", "planted", "--max-words", "20000", "--max-vocab", "500", "--dim", "4"]
CELLS = [
    *SMALL,
    "--epochs",
    "1",
    "--seeds",
    "1",
    "--outputs",
    "own-softmax",
    "--samplers",
    "by-root",
]
PLUGINS = ["--plugin", "sampler.py", "--plugin", "layer.py"]


def test_a_comparison_with_a_sampler_a_layer_and_metrics_of_ones_own(mine: Path, capsys) -> None:
    command = ["compare", *CELLS, *PLUGINS, "--metric", "metrics.py:length", "--out", "out"]
    assert cli.main(command) == 0
    printed = capsys.readouterr().out
    assert "own softmax" in printed and "by-root" in printed and "length" in printed
    rows = {row["metric"]: row for row in records.rows(mine / "out")}
    assert 0 < rows["own/length"]["value"] < 2 and rows["own/size"]["value"] == 500
    assert rows["own/size"]["better"] == "lower"
    end = rows[FINISHED]
    assert {name: end[name] for name in plugins.fields()} == plugins.fields()
    assert end["own_metrics"] == "length size"
    assert "sha256 of sampler.py" in (mine / "out" / "report.html").read_text()
    # the same goes on; with another metric, or another file of the name, it cannot
    assert cli.main(command) == 0
    assert cli.main([*command, "--metric", "metrics.py:ends"]) == 2
    assert "were scored by length, size, and now ends, length, size is asked for" in told(capsys)
    plugins.LOADED.clear()
    OWN.clear()
    own.write(mine, sampler=own.SAMPLER + "# changed\n")
    plugins.load("sampler.py")
    METRICS.pop("ends")
    assert cli.main([*command[: -len(PLUGINS) - 4], "--out", "out"]) == 2
    assert "runs made with another sampler.py than it is now: choose" in told(capsys)


def told(capsys) -> str:
    return capsys.readouterr().err


def test_an_experiments_file_names_its_own_files(mine: Path, monkeypatch) -> None:
    (mine / "my.toml").write_text(
        'plugins = ["sampler.py"]\nmetrics = ["metrics.py:fails", "metrics.py:undefined"]\n'
        'base.corpus.source = "planted"\nbase.corpus.max_words = 20000\nbase.train.dim = 4\n'
        'base.train.epochs = 1.0\nbase.sampler = "by-root"\n'
    )
    (mine / "elsewhere").mkdir()
    monkeypatch.chdir(mine / "elsewhere")
    assert read_experiment(Path("../my.toml")).plugins == ("../sampler.py",)
    command = [sys.executable, "-m", "w2vjax", "grid", "../my.toml", "--out", "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr  # the run is kept, the metric failed
    assert done.stderr.count("metrics.py:fails failed: ValueError: no such word") == 1
    assert "failed: metric metrics.py:fails: ValueError: no such word (1 of the" in done.stderr
    rows = {row["metric"]: row for row in records.rows(Path("out"))}
    assert FINISHED in rows and rows["own/fails"]["message"] == "ValueError: no such word"
    assert rows["own/undefined"]["value"] is None and rows["run/planned"]["sampler"] == "by-root"


@pytest.mark.parametrize("value", ["mine.py", [1], {}])
def test_an_experiments_own_files_are_texts_in_a_list(value: object, mine: Path) -> None:
    (mine / "my.json").write_text(json.dumps({"plugins": value}))
    with pytest.raises(InputError, match=r"my\.json: plugins is .*: it must be a list of texts"):
        read_experiment(mine / "my.json")


@pytest.mark.filterwarnings("default")
def test_training_and_scoring_take_metrics_too(mine: Path, capsys) -> None:
    train = ["train", *SMALL, "--epochs", "1", "--out", "v.npz", "--output-layer", "own-softmax"]
    train += ["--sampler", "by-root", *PLUGINS, "--metric", "metrics.py:ends"]
    assert cli.main(train) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"ends/first  {np.load('v.npz')['vectors'][0, 0]:.4g}",
        "ends/last   -1",
    ]
    (mine / "q.txt").write_text("a b c d\n")
    (mine / "p.txt").write_text("a b 1\n")
    scored = ["eval", "v.npz", "--questions", "q.txt", "--similarity", "p.txt"]
    assert cli.main([*scored, "--metric", "metrics.py:several"]) == 0
    assert "own/several/a" in capsys.readouterr().out
    assert cli.main([*scored, "--metric", "metrics.py:fails"]) == 1
    assert "metrics.py:fails failed: ValueError: no such word\n" in told(capsys)


def test_runs_are_asked_what_is_given(mine: Path, capsys) -> None:
    (mine / "sims").mkdir()
    (mine / "sims" / "mine.csv").write_text("word1,word2,a,b\nbakia,becia,1,2\nbakia,bicia,3,4\n")
    (mine / "set").mkdir()
    lines = planted.questions().split("\n: ")[0].splitlines()[1:40]
    (mine / "set" / "words.txt").write_text("\n".join(lines))
    command = ["compare", *SMALL, "--epochs", "1", "--seeds", "2", "--outputs", "negative-sampling"]
    command += ["--samplers", "uniform", "--questions", "set", "--similarity", "sims", "--out", "o"]
    done = subprocess.run(
        [sys.executable, "-m", "w2vjax", *command], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the scores are 'a'") == 1  # for two runs, and before them
    assert "Analogies of set: 3CosAdd" in done.stdout
    rows = {row["metric"]: row for row in records.rows(mine / "o")}
    assert {name for name in rows if name.startswith("analogy/section")} == {
        "analogy/section/words"
    }
    assert rows["similarity/mine"]["total"] == 2 and rows["analogy/total"]["total"] == 39
    assert rows[FINISHED]["config.evaluation.questions"] == "set"
    assert cli.main([*command[:-6], "--questions", "nowhere", "--out", "p"]) == 2
    assert "unknown questions 'nowhere'" in told(capsys)
