"""A language model over 76,000 words: sampled softmax and NCE against the exact softmax.

    python examples/language_model.py           # everything: 25 minutes on one core
    python examples/language_model.py --quick   # the same in small, on a made-up language
    python examples/language_model.py --time    # only measures how long a step takes

A GRU reads Simple English Wikipedia and predicts every next word. The model, its start and its
optimizers are the same each time; only the output layer, one of `w2vjax.nn`, differs. The exact
softmax multiplies every hidden vector with all words, the others with 1,024 drawn ones, and then
Adagrad reads and writes only the rows of the words at hand.

Words that occur fewer than five times are left out of the text. Every 950th article is held out,
about 20,000 words; perplexity is exact and over the whole vocabulary, whatever a model learnt from.
Steps are timed in turn, A B A B, in processor seconds, before anything is trained; then every model
gets as many steps as fit into the same time. What is done is kept: the same command goes on.

What came out (`results/language_model`, three seeds), at equal time: unigram^0.75, unigram^1 and
log-uniform noise cannot be told apart (by 0.02 nats at most), uniform noise is 0.36 nats behind,
NCE 0.06 (0.03 to 0.10). The exact softmax reads a 21st of the words and is 0.8 nats behind.
"""

import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import tyro
from flax import nnx
from language_model_table import best_times, draw, table
from recurrent_model import Learner, perplexity, train_step

from w2vjax import encode, files, nn, samplers
from w2vjax.clock import interleaved
from w2vjax.commands.exit_codes import guarded
from w2vjax.config.schema import CorpusConfig
from w2vjax.progress import say, track
from w2vjax.records.attempts import begun

SAMPLERS = {
    "unigram^0.75": partial(samplers.unigram, power=0.75),
    "unigram^1": partial(samplers.unigram, power=1.0),
    "log-uniform": lambda counts: samplers.log_uniform(len(counts)),
    "uniform": lambda counts: samplers.uniform(len(counts)),
}
HEADS = (
    "exact softmax",
    *(f"sampled softmax / {sampler}" for sampler in SAMPLERS),
    *(f"NCE / {sampler}" for sampler in ("unigram^0.75", "unigram^1")),
)
REFERENCE = "sampled softmax / unigram^0.75"


@dataclass(frozen=True)
class Study:
    """What is the same for every output layer."""

    source: str = "simplewiki-2018"
    num_features: int = 128
    num_sampled: int = 1_024
    num_streams: int = 16
    length: int = 32
    """words of each stream in a step"""
    held_out_every: int = 950
    seconds: tuple[float, ...] = (4, 8, 16, 32)
    """of training, after which perplexity is taken"""
    seeds: tuple[int, ...] = (1, 2, 3)


QUICK = Study("planted", 32, 64, held_out_every=50, seconds=(1, 2, 4), seeds=(1, 2))


def head_of(name: str, counts: np.ndarray, study: Study, rngs: nnx.Rngs) -> nn.Head:
    """An output layer; its biases start as the words' shares, so that all begin as the unigram."""
    loss, _, sampler = name.partition(" / ")
    kind = {"exact softmax": nn.FullSoftmax, "sampled softmax": nn.SampledSoftmax, "NCE": nn.NCE}
    noise = (SAMPLERS[sampler](counts), study.num_sampled) if sampler else ()
    head = kind[loss](len(counts), study.num_features, *noise, rngs=rngs)
    head.biases[...] = jnp.log(jnp.asarray(counts / counts.sum(), jnp.float32))
    return head


class Text(NamedTuple):
    """Words to learn from and words held out, as streams `[B, T]`."""

    counts: np.ndarray
    train: np.ndarray
    held_out: np.ndarray


def text_of(study: Study) -> Text:
    """The text, whole articles held out. Raises `InputError` if it is not to be had."""
    corpus = encode(CorpusConfig(study.source))
    lengths = np.diff(corpus.starts)
    held_out = np.repeat(np.arange(1, len(lengths) + 1) % study.held_out_every == 0, lengths)
    rows = study.num_streams
    parts = [corpus.ids[part] for part in (~held_out, held_out)]
    streams = [ids[: len(ids) // rows * rows].reshape(rows, -1) for ids in parts]
    return Text(corpus.vocabulary.counts, *streams)


def training(name: str, text: Text, study: Study, seed: int) -> Iterator[Learner]:
    """A learner after one step, after two …; the seed says where in the text it begins."""
    rngs = nnx.Rngs(seed)
    learner = Learner(head_of(name, text.counts, study, rngs), study.num_streams, rngs=rngs)
    start = np.random.default_rng(seed).integers(text.train.shape[1])
    for step in itertools.count():
        places = start + step * study.length + np.arange(study.length + 1)
        words = text.train.take(places, axis=1, mode="wrap")
        key = jax.random.fold_in(jax.random.key(seed), step)
        train_step(learner, words, key).block_until_ready()
        yield learner


def time_steps(text: Text, study: Study, rounds: int = 5) -> list[dict[str, Any]]:
    """Processor seconds of a step of every head, measured in turn."""
    running = {name: training(name, text, study, seed=0) for name in HEADS}

    def lap(name: str) -> dict[str, float]:
        begin, number = time.process_time(), 0
        while number < 2 or time.process_time() - begin < study.seconds[-1] / 64:
            next(running[name])
            number += 1
        return {"step": (time.process_time() - begin) / number}

    rows = []
    with track("timing", len(HEADS) * rounds, "laps") as advance:
        for one in interleaved({name: partial(lap, name) for name in HEADS}, rounds):
            rows.append({"head": one.name, "round": one.repeat, "seconds": one.seconds["step"]})
            advance(1, 1)
    return rows


def run(name: str, text: Text, study: Study, seed: int, pace: float) -> list[dict[str, Any]]:
    """Perplexities after each time of training, where a step takes `pace` seconds."""
    marks = {max(1, round(seconds / pace)): seconds for seconds in study.seconds}
    learners, rows = itertools.islice(training(name, text, study, seed), max(marks)), []
    with track(f"{name}, seed {seed}", max(marks), "steps") as advance:
        for step, learner in enumerate(learners, start=1):
            advance(1, 1)
            if step in marks:
                words = step * study.num_streams * study.length
                row = {"head": name, "seed": seed, "seconds": marks[step], "words": words}
                rows.append(row | {"perplexity": float(perplexity(learner, text.held_out))})
    say(f"{name}, seed {seed}: perplexity {rows[-1]['perplexity']:.1f}")
    return rows


def rows_of(path: Path) -> pd.DataFrame:
    """What is in the file so far."""
    return pd.read_csv(path) if path.exists() else pd.DataFrame({"head": [], "seed": []})


def is_done(points: Path, name: str, seed: int) -> bool:
    """Whether the file has the perplexities of a head from a seed."""
    done = rows_of(points)
    return bool(((done["head"] == name) & (done["seed"] == seed)).any())


def append(path: Path, rows: list[dict[str, Any]]) -> None:
    """Adds rows to the file, or begins it."""
    pd.DataFrame(rows).to_csv(path, mode="a", header=not path.exists(), index=False)


def compare(study: Study, out: Path, timing: bool) -> int:
    """Measures what the folder has not yet, and writes table and figure."""
    files.make_folder(out)
    times, points, text = out / "times.csv", out / "points.csv", text_of(study)
    if timing or not times.exists():
        append(times, time_steps(text, study))
    paces = best_times(rows_of(times))
    for name in HEADS:
        say(f"{1e3 * paces[name]:7.2f} ms a step: {name}")
    if timing:
        return 0
    for seed, name in itertools.product(study.seeds, HEADS):
        if is_done(points, name, seed):
            continue
        with begun(out, [f"{name}, seed {seed}"]) as mine:  # several processes may share the work
            if mine and not is_done(points, name, seed):
                append(points, run(name, text, study, seed, paces[name]))
    shown = table(rows_of(points), paces, REFERENCE)
    files.write(out / "table.md", shown.encode())
    draw(rows_of(points), out / "perplexity.png")
    print(shown)
    return 0


def main(quick: bool = False, time: bool = False, out: Path | None = None) -> int:
    """Compares the output layers of a language model, and prints a table.

    Args:
        quick: in small, on a made-up language
        time: only measure how long a step takes
        out: folder of the results
    """
    out = out or Path("results/language_model" + ("_quick" if quick else ""))
    return guarded(lambda: compare(QUICK if quick else Study(), out, time))


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
