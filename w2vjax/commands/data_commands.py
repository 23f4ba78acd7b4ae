"""The commands about text: `w2vjax data list`, `fetch` and `prepare`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, subcommand

from w2vjax.commands.options import TextOptions, Texts
from w2vjax.config.schema import CorpusConfig


@dataclass(frozen=True)
class List:
    """List the data sets: what they are, their licence, their size, and whether they are here.

    $ w2vjax data list
    """

    def run(self) -> int:
        from tabulate import tabulate

        from w2vjax.text.datasets import describe

        print(tabulate(describe(), headers="keys", maxcolwidths=[None, 32, 20, None, 40]))
        return 0


@dataclass(frozen=True)
class Fetch:
    """Download a data set, and check that it is what was promised.

    $ w2vjax data fetch text8
    """

    name: Positional[str]
    """a data set (see `w2vjax data list`)"""

    def run(self) -> int:
        from w2vjax.text.datasets import fetch

        print(fetch(self.name) or f"{self.name} is made when it is used: nothing to download")
        return 0


@dataclass(frozen=True)
class Prepare:
    """Read a text into numbers, as training does, and say what is in it.

    $ w2vjax data prepare simplewiki-2018
    $ w2vjax data prepare my/texts --cleaning text8 --min-count 10 --save-vocab words.tsv
    """

    name: Positional[Texts]
    max_vocab: int | None = CorpusConfig.max_vocab
    """most frequent words kept. None: all"""
    save_vocab: Path | None = None
    """file of the vocabulary, lines of word, tab, count. None: not written"""
    text: OmitArgPrefixes[TextOptions] = field(default_factory=TextOptions)

    def run(self) -> int:
        from w2vjax.files import check_writable
        from w2vjax.text.encoding import encode

        if self.save_vocab:
            check_writable(self.save_vocab)
        corpus = encode(self.text.config(self.name, self.max_vocab))
        words = corpus.vocabulary.num_words
        print(f"{'words':12}{words:>14,}  {len(corpus.ids) / words:.1%} in the vocabulary")
        print(f"{'vocabulary':12}{len(corpus.vocabulary):>14,}")
        print(f"{'documents':12}{len(corpus.starts) - 1:>14,}")
        print(f"{'sha256':12}{corpus.sha256}")
        if self.save_vocab:
            corpus.vocabulary.save(self.save_vocab)
        return 0


@dataclass(frozen=True)
class Data:
    """Data sets and texts: list, fetch, prepare."""

    action: (
        Annotated[List, subcommand("list")]
        | Annotated[Fetch, subcommand("fetch")]
        | Annotated[Prepare, subcommand("prepare")]
    )

    def run(self) -> int:
        return self.action.run()
