"""The command line as a whole: its help, what it loads, how it ends."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from synthetic import CELLS, experiment
from typed import called

from w2vjax.bench.settings import SWEEPS, Care, CeilingConfig, PeerConfig
from w2vjax.commands import cli
from w2vjax.commands.bench_commands import Layers, Peers, Scaling
from w2vjax.commands.exit_codes import guarded
from w2vjax.commands.options import TextOptions, TrainOptions
from w2vjax.commands.replay_command import Replay
from w2vjax.commands.sampler_commands import Samplers
from w2vjax.config.layers import LAYERS as OUTPUTS
from w2vjax.config.schema import CorpusConfig, OutputConfig, TrainConfig
from w2vjax.errors import InputError
from w2vjax.records import file as records
from w2vjax.replay.settings import ReplaySettings
from w2vjax.study.card_settings import CardConfig

CORPUS = {"corpus", "max_vocab", "text"}
ENDS = {"out", "platform"}


@pytest.mark.parametrize(
    "command",
    [
        *("compare", "grid", "train", "eval", "report", "samplers", "replay"),
        *("data list", "data fetch", "data prepare"),
        *("bench layers", "bench scaling", "bench peers"),
    ],
)
def test_help_teaches(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    code, text, _ = called(capsys, *command.split(), "--help")
    assert code == 0
    assert f"$ w2vjax {command}" in text, "an example"
    options = re.findall(r"^│ (?:-\w, )?(--[\w-]+)(.*)", text, re.MULTILINE)
    entries = re.split(r"^│ (?=-)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(options)
    for entry in entries:
        name, rest = entry.split(maxsplit=1)
        assert name == "-h," or "(default: " in rest or "(required)" in rest, entry


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def test_the_command_line_does_not_start_jax(folder):
    """And gives a report where neither files nor screens are UTF-8 of themselves."""
    records.Records(folder / "results").append(experiment(CELLS[:2], num_seeds=1))
    program = (
        "import sys; from w2vjax.commands.cli import main; code = main(['report', 'results']); "
        "assert 'jax' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ | ASCII
    )
    assert done.returncode == 0, done.stderr
    assert "| full softmax" in done.stdout and (folder / "results/table.tex").exists()


def test_where_commands_do_not_work_they_say_so(capsys, monkeypatch):
    """And nothing that they or the losses import at once is missing there."""
    program = (
        "import sys; sys.modules['resource'] = None; "
        "import w2vjax.losses, w2vjax.nn, w2vjax.samplers, w2vjax.commands.cli; "
        "assert 'w2vjax.records.file' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    monkeypatch.setattr(cli.sys, "platform", "win32")
    code, _, error = called(capsys, "data", "list")
    assert code == 2 and error.count("\n") == 1 and "on Windows use" in error


def test_divergence_and_interruption_have_codes_of_their_own(capsys, monkeypatch):
    def fails(error: BaseException):
        def run(self):
            raise error

        monkeypatch.setattr(cli.Report, "run", run)
        return called(capsys, "report", "x")

    assert fails(FloatingPointError("at step 3")) == (1, "", "w2vjax: at step 3\n")
    assert fails(KeyboardInterrupt()) == (130, "", "")
    code, _, told = fails(InputError(f"line 3: {'x' * 15_000} is no word"))
    assert code == 2 and len(told) < 2_100 and "line 3: xx" in told and told.endswith("no word\n")


def test_a_signal_ends_a_command_wherever_python_is(capsys):
    """A destructor swallows what is raised in it."""

    class Last:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def command() -> int:
        last: list[Last] = [Last()]
        last.clear()
        time.sleep(20)
        return 0

    assert guarded(command) == 143
    assert capsys.readouterr().err == "w2vjax: ended by SIGTERM\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_output_that_nobody_reads_ends_in_silence():
    command = [sys.executable, "-m", "w2vjax", "compare", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize(
    ("redirected", "code", "told"),
    [
        (">&-", 0, ""),
        ("2>&-", 0, "name "),
        ("<&- >&- 2>&-", 0, ""),
        ("2> /dev/full", 0, "name "),
        ("> /dev/full", 2, "w2vjax: cannot write: No space left on device; free the disk.*\n"),
    ],
)
def test_output_that_goes_nowhere_ends_no_work(redirected, code, told):
    """What is closed is not missed, and what is full is told, in one line, if it can be."""
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    command = ["sh", "-c", f"{sys.executable} -m w2vjax data list {redirected}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code
    assert re.match(told, done.stderr + done.stdout) and bool(told) == bool(
        done.stderr + done.stdout
    )


def test_layers_of_the_command_line_are_those_of_the_registry():
    assert set(cli.Compare().outputs) == set(OUTPUTS)


@pytest.mark.parametrize(
    ("options", "settings", "others"),
    [
        (TextOptions, (CorpusConfig,), set()),
        (TrainOptions, (TrainConfig, OutputConfig), set()),
        (Replay, (ReplaySettings,), {"file", "out"}),
        (Peers, (PeerConfig,), {"peers", "repeats", "ladder", "out"}),
        (Samplers, (CardConfig,), CORPUS | {"vocabulary", "samplers", "plugin", *ENDS}),
        (Scaling, (Care,), {*SWEEPS, "outputs", "words", "largest_full", "devices", *ENDS}),
        (Layers, (Care, CeilingConfig), CORPUS | {"outputs", "samplers", "train", "plugin", *ENDS}),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_options_have_the_names_of_the_settings_they_give(options, settings, others):
    """Others are the command's own: an option of another name would give nothing."""
    known = {item.name for kind in settings for item in dataclasses.fields(kind)}
    assert {item.name for item in dataclasses.fields(options)} - known == others
