"""Laws of checkpoints: stopped anywhere, the same command ends with the same bits."""

import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_train import SMALL, same_bits, short

from w2vjax.config.layers import LAYERS
from w2vjax.config.sampler import SamplerConfig
from w2vjax.config.schema import OutputConfig, RunConfig
from w2vjax.engine.checkpoint import NO_CHECKPOINTS, Checkpoints
from w2vjax.engine.checkpoint_folder import KEPT, CheckpointFolder
from w2vjax.engine.kept_words import Parts
from w2vjax.engine.train import Trained, _none_of_several, train, train_replicas
from w2vjax.engine.watch import Watch
from w2vjax.errors import InputError, Stopped
from w2vjax.samplers import parse

RARE = replace(SMALL, frequent_rows=4, epochs=3)
"""rows are synchronised after every segment, every fourth, every sixteenth"""
NOT_WHOLE, WHOLE = 6, 16
"""segments after which some rows and all are synchronised"""


def of(layer: str = "negative-sampling", sampler: str = "", **changes: Any) -> RunConfig:
    output = OutputConfig(layer, sampler=parse(sampler) if sampler else SamplerConfig())
    return RunConfig(output=output, train=replace(RARE, **changes))


def after(number: int, do: Callable[[], object]) -> Watch:
    """Does something once so many segments are done, but for the one that is under way."""
    seen = []

    def tell(config: RunConfig, words: int, numbers: Mapping[str, float]) -> None:
        seen.append(words)
        if len(seen) == number:
            do()

    return Watch(tell=tell)


def kill(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def stop(config: RunConfig, folder: Path, number: int) -> None:
    """Trains until so many segments are done, and is stopped then."""
    before = CheckpointFolder(folder).latest() or 0
    with pytest.raises(Stopped, match="the same command goes on"):
        train(
            short(),
            config,
            show=False,
            watch=after(number - 1 - before, kill),
            checkpoints=Checkpoints(folder, None),
        )
    assert CheckpointFolder(folder).latest() == number


def equal(one: Trained, other: Trained) -> bool:
    counts = [(run.kept_words, run.pairs, run.steps, run.words) for run in (one, other)]
    biases = np.array_equal(one.biases, other.biases) if one.biases is not None else True
    return same_bits(one, other) and counts[0] == counts[1] and biases


CASES = {
    **{layer: of(layer) for layer in LAYERS},
    "two devices": of(devices=2),
    "three devices, CBOW, shuffled": of(devices=3, architecture="cbow", shuffle=True),
    "dimensions divided": of(devices=4, model_devices=2),
    "a learned sampler": of(sampler="learned-unigram"),
    "a learned sampler, two devices": of("nce", "learned-unigram", devices=2),
    "adam": of(optimizer="adam", damping=0.0),
    "row-wise adagrad, two devices": of(
        "sampled-softmax", optimizer="rowwise-adagrad", damping=0.0, devices=2
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stopped_run_ends_with_the_bits_of_one_that_was_not(name, tmp_path):
    """Stopped twice: where all rows agree, and where they do not."""
    config = CASES[name]
    undisturbed = train(short(), config, show=False)
    stop(config, tmp_path / "here", NOT_WHOLE)
    stop(config, tmp_path / "here", WHOLE)
    checkpoints = Checkpoints(tmp_path / "here")
    assert equal(undisturbed, train(short(), config, show=False, checkpoints=checkpoints))
    checkpoints.remove()
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_all_rows_has_one_copy_of_them(tmp_path):
    config = of(devices=2)
    sizes = {}
    for number in (NOT_WHOLE, WHOLE):
        stop(config, tmp_path, number)
        arrays = CheckpointFolder(tmp_path).arrays(number)
        sizes[number] = sum(array.size for array in arrays.values())
    assert sizes[WHOLE] == 2 * 40 * 8, "rows of 6 numbers are filled up to 8"
    assert sizes[NOT_WHOLE] > 3 * sizes[WHOLE], "two copies, and what was agreed on"


def test_runs_that_train_together_go_on_together(tmp_path):
    """One has ended when the others are stopped, for it keeps fewer words."""
    configs = [of(seed=seed) for seed in (3, 5)]
    whole = train_replicas(short(), configs, show=False)
    for before, number in ((0, NOT_WHOLE), (NOT_WHOLE, WHOLE)):
        with pytest.raises(Stopped):
            train_replicas(
                short(),
                configs,
                show=False,
                watch=after(2 * (number - 1 - before), kill),
                checkpoints=Checkpoints(tmp_path, None),
            )
    ended = train_replicas(short(), configs, show=False, checkpoints=Checkpoints(tmp_path))
    assert all(map(equal, whole, ended))


@pytest.mark.parametrize("every", [0.0, 1e9])
def test_checkpoints_change_no_bit_and_the_last_two_are_kept(every, tmp_path):
    config = of(devices=2)
    kept = train(short(), config, show=False, checkpoints=Checkpoints(tmp_path / "a", every))
    assert equal(train(short(), config, show=False), kept)
    left = sorted(path.name for path in (tmp_path / "a").glob("*"))
    assert len(left) == (0 if every else KEPT) and all(map(str.isdecimal, left))
    if every:
        return
    # The last one was written before the last segment: there is one to train.
    for _ in range(KEPT):
        again = train(short(), config, show=False, checkpoints=Checkpoints(tmp_path / "a", None))
        assert equal(kept, again)
        shutil.rmtree(max((tmp_path / "a").iterdir(), key=lambda path: int(path.name)))
    assert not CheckpointFolder(tmp_path / "a").latest()


def test_looks_are_the_same_where_training_was_stopped(tmp_path):
    def score(config: RunConfig, trained: Trained) -> Mapping[str, float]:
        return {"sum": float(np.abs(trained.embeddings.vectors).sum())}

    config, watch = of(), Watch(every=300.0, score=score)
    whole = train(short(), config, show=False, watch=watch)
    told = replace(watch, tell=after(NOT_WHOLE, kill).tell)
    with pytest.raises(Stopped):
        train(short(), config, show=False, watch=told, checkpoints=Checkpoints(tmp_path, 0.0))
    ended = train(short(), config, show=False, watch=watch, checkpoints=Checkpoints(tmp_path))
    assert [(look.words, look.scores) for look in ended.looks] == [
        (look.words, look.scores) for look in whole.looks
    ]
    assert ended.seconds > 0 and equal(whole, ended)


def test_a_stream_that_goes_on_does_not_read_the_text_from_its_start(tmp_path, monkeypatch):
    stop(of(), tmp_path, WHOLE)
    monkeypatch.setattr(Parts, "of", None)
    train(short(), of(), show=False, checkpoints=Checkpoints(tmp_path))


def test_the_second_interruption_stops_at_once_and_signals_are_given_back(tmp_path):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def twice() -> None:
        kill(signal.SIGINT)
        kill(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        train(
            short(),
            of(),
            show=False,
            watch=after(3, twice),
            checkpoints=Checkpoints(tmp_path / "a"),
        )
    assert not isinstance(caught.value, Stopped) and not (tmp_path / "a").exists()
    assert before == {number: signal.getsignal(number) for number in before}


OTHERS: dict[str, tuple[RunConfig, str]] = {
    "settings": (of(dim=7), "train.dim is 6 there and 7 here"),
    "layer": (of("nce"), "output.layer is negative-sampling there and nce here"),
    "devices": (of(devices=2), "devices"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_checkpoint_of_another_run_is_refused(name, tmp_path):
    stop(of(), tmp_path, NOT_WHOLE)
    config, message = OTHERS[name]
    with pytest.raises(InputError, match=message):
        train(short(), config, show=False, checkpoints=Checkpoints(tmp_path))


def test_a_checkpoint_of_another_text_or_version_is_refused(tmp_path, monkeypatch):
    stop(of(), tmp_path, NOT_WHOLE)
    text = short()
    other = type(text)(text.vocabulary, text.ids, text.starts, "1" * 64, text.name)
    with pytest.raises(InputError, match="text is 0000"):
        train(other, of(), show=False, checkpoints=Checkpoints(tmp_path))
    monkeypatch.setattr("w2vjax.engine.checkpoint.version", lambda name: "0.0.0")
    with pytest.raises(InputError, match=r"version of w2vjax is .* there and 0\.0\.0 here"):
        train(text, of(), show=False, checkpoints=Checkpoints(tmp_path))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [_cut, _zero, _flip, Path.unlink])
def test_a_damaged_checkpoint_is_named(damage, tmp_path, capfd):
    """Whichever of its files is damaged, if anything is lost by it; without a traceback."""
    stop(of(), tmp_path / "good", NOT_WHOLE)
    whole = train(short(), of(), show=False)
    files = [path for path in (tmp_path / "good").rglob("*") if path.is_file()]
    refused = 0
    capfd.readouterr()
    for number, file in enumerate(files):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "good", folder)
        damage(folder / file.relative_to(tmp_path / "good"))
        try:
            ended = train(short(), of(), show=False, checkpoints=Checkpoints(folder))
        except InputError as error:
            refused += 1
            assert "damaged" in str(error) or "another run" in str(error)
        else:
            assert equal(ended, whole), f"{file.name} was of no use"
    assert refused >= 2 and "Traceback" not in capfd.readouterr().err


def test_several_processes_neither_leave_nor_take_a_checkpoint_in_silence(tmp_path, capsys):
    assert _none_of_several(Checkpoints(tmp_path / "new"), show=True) == NO_CHECKPOINTS
    assert "leave no checkpoints" in capsys.readouterr().err
    stop(of(), tmp_path / "there", NOT_WHOLE)
    with pytest.raises(InputError, match="one process alone can go on"):
        _none_of_several(Checkpoints(tmp_path / "there"), show=True)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="cannot write"):
        stop(of(), tmp_path / "file" / "inside", NOT_WHOLE)


def test_every_array_of_the_state_is_in_a_checkpoint(tmp_path):
    """A field that comes to be carried is carried over stops too."""
    stop(of(optimizer="adam", damping=0.0), tmp_path, NOT_WHOLE)
    names = CheckpointFolder(tmp_path).arrays(NOT_WHOLE)
    kinds = {name.split(".")[1] for name in names if name.startswith("state.")}
    assert kinds == {"parameters", "progress", "optimizer"}
