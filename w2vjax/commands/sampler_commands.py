"""The command about samplers: `w2vjax samplers`, their report card."""

from dataclasses import dataclass, field
from pathlib import Path

from tyro.conf import OmitArgPrefixes

from w2vjax.commands.exit_codes import say
from w2vjax.commands.options import Platform, Plugin, TextOptions, Texts, settings
from w2vjax.config.schema import CorpusConfig
from w2vjax.engine import devices
from w2vjax.study import plugins
from w2vjax.study.card_settings import CardConfig, chosen


@dataclass(frozen=True)
class Samplers:
    """Report on the noise samplers for a vocabulary: what they draw, how faithfully, how fast.

    Prints three tables; leaves them, all numbers as JSON, and figures in a folder.

    $ w2vjax samplers --corpus my.txt
    $ w2vjax samplers --vocabulary vocab.txt --samplers 'unigram^0.75:table(1e8)' log-uniform
    """

    corpus: Texts = (CorpusConfig.source,)
    vocabulary: Path | None = None
    """file of lines `word count` (tab or space), as --save-vocab and word2vec.c write it, taken as
    it is. None: the corpus' own"""
    samplers: tuple[str, ...] = ()
    """by name: uniform, unigram^POWER, log-uniform, zipf^POWER; with +uniform(SHARE),
    +temperature(T), +reserved(FIRST WORDS); with :alias, :cdf, :table or :table(SIZE); in-batch,
    learned-unigram. Without any: every distribution by every mechanism, and those two"""
    max_vocab: int | None = CorpusConfig.max_vocab
    """most frequent words kept. None: all"""
    out: Path = Path("results/card")
    """folder of the tables, numbers and figures"""
    table_size: int = CardConfig.table_size
    """entries of the tables, where a sampler's name does not tell"""
    num_draws: int = CardConfig.num_draws
    """draws of a test, and of a measurement of time"""
    repeats: int = CardConfig.repeats
    """measurements of time a sampler; medians are shown"""
    seed: int = CardConfig.seed
    """start of the draws"""
    plugin: Plugin = ()
    platform: Platform = None
    text: OmitArgPrefixes[TextOptions] = field(default_factory=TextOptions)

    def run(self) -> int:
        devices.prepare(self.platform)  # before a plugin starts JAX
        plugins.load_all(self.plugin)
        corpus = self.text.config(self.corpus, self.max_vocab)
        config = settings(CardConfig, self)
        samplers = chosen(self.samplers, self.table_size)
        from w2vjax.files import check_folder
        from w2vjax.text.encoding import encode
        from w2vjax.text.vocab import Vocabulary

        check_folder(self.out)
        if self.vocabulary:
            source, words = self.vocabulary.name, Vocabulary.load(self.vocabulary)
        else:
            encoded = encode(corpus)
            source, words = encoded.name, encoded.vocabulary
        from w2vjax.report import samplers as report
        from w2vjax.study.card import card

        made = card(source, words.counts[: self.max_vocab], samplers, config)
        files = report.build(made, self.out)
        print(report.markdown(made))
        say(f"{len(files)} files written into {self.out}")
        return 0
