"""The command `w2vjax replay`."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from w2vjax.commands.options import settings
from w2vjax.replay.settings import ReplaySettings


@dataclass(frozen=True)
class Replay:
    """Replay word2vec.c on one thread: the words, windows, noise and vectors it would make.

    Writes a trace, one line an event, that `diff` can compare with another program's. Defaults are
    word2vec.c's. For small files: some thousand words a second, all epochs counted.

    Lines, ids counted from 0 in word2vec.c's vocabulary, where 0 is </s>, the end of a line:
    word ID COUNT WORD; path ID TURNS NODES (hierarchical softmax); rate VALUE, the learning rate
    from here on; epoch NUMBER; sentence IDS, the words left by subsampling; centre ID REACH, a word
    and its window (- for an empty sentence); pair INPUTS TARGET noise IDS (- where the noise was
    the target); unended IDS, what the end of the file cuts off; state NUMBER, the random
    generator's; vector ID NUMBERS.

    $ w2vjax replay text.txt --out trace.txt
    $ w2vjax replay text.txt --architecture skip-gram --sample 0 --epochs 1 --dim 10 | less
    """

    file: Positional[Path]
    """text file, read as bytes: words parted by spaces, tabs and newlines"""
    out: Path | None = None
    """file of the trace. None: standard output"""
    architecture: Literal["skip-gram", "cbow"] = ReplaySettings.architecture
    """skip-gram: each neighbour predicts the centre; cbow: their mean does (-cbow)"""
    output: Literal["negative-sampling", "hierarchical-softmax"] = ReplaySettings.output
    """the output layer (-negative, -hs)"""
    window: int = ReplaySettings.window
    """neighbours on each side, at most (-window)"""
    num_noise: Annotated[int, arg(aliases=["--negative"])] = ReplaySettings.num_noise
    """noise words a pair (-negative)"""
    sample: float = ReplaySettings.sample
    """share of the text above which a word is thinned out; 0 keeps all (-sample)"""
    min_count: int = ReplaySettings.min_count
    """occurrences below which a word is dropped (-min-count)"""
    epochs: int = ReplaySettings.epochs
    """passes over the text (-iter)"""
    learning_rate: float | None = ReplaySettings.learning_rate
    """at the start. None: 0.05 for cbow, 0.025 for skip-gram (-alpha)"""
    table_size: int = ReplaySettings.table_size
    """slots of the noise table; none of them is stored"""
    dim: int | None = ReplaySettings.dim
    """dimensions of the vectors (-size). None: they are not trained"""

    def run(self) -> int:
        asked = settings(ReplaySettings, self)
        from w2vjax.files import check_writable, written
        from w2vjax.replay.trace import trace

        if self.out:
            check_writable(self.out)
            with written(self.out) as file:
                file.writelines(trace(self.file, asked))
        else:
            _print(trace(self.file, asked, show=not sys.stdout.isatty()))
        return 0


def _print(lines: Iterator[bytes]) -> None:
    try:
        sys.stdout.buffer.writelines(lines)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, head or less, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
