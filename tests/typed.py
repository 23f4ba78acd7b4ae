"""The command line as tests call it."""

import subprocess
import sys

import pytest
from pages import quickly

from w2vjax.commands import cli

COMMAND = [sys.executable, "-m", "w2vjax"]
SMALL = ("--corpus", "planted", "--max-words", "60000", "--dim", "10", "--epochs", "1")

FILES = {
    "empty.txt": b"",
    "rare.txt": b"all words once\n",
    "latin.txt": b"na\xefve " * 20,
    "good.txt": b"one two three four " * 30,
    "vocab.txt": b"</s> 0\none 9\ntwo 7\nthree 7\n",
    "again.txt": b"one 9\none 7\n",
    "rising.txt": b"one 7\ntwo 9\n",
    "zero.txt": b"one 7\ntwo 0\n",
    "huge.txt": b"one " + b"9" * 5_000 + b"\n",
    "deep.json": b"[" * 100_000,
    "long.toml": b"seeds = " + b"9" * 5_000 + b"\n",
    "header.txt": b"three words\n",
    "field.toml": b"base.train.dimm = 5\n",
    "empty.toml": b"product.train.dim = []\n",
    "short.txt": b"9 3\na 1 2 3\n",
    "nan.txt": b"2 2\na 1 nan\nb 1 2\n",
    "twice.txt": b"2 2\na 1 2\na 1 2\n",
    "vectors.txt": b"2 2\na 1 2\nb 2 1\n",
    "three.txt": b": family\nhe she king\n",
    "pairs.txt": b"king queen close\n",
    "file": b"",
    "bad/records.jsonl": b"{}\n{}\n",
}
"""by the names that commands are given"""


def call(*arguments: str) -> subprocess.CompletedProcess:
    """A command in a process of its own."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=quickly())


def called(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in this process."""
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()
