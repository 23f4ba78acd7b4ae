"""The configuration of a noise sampler, and its name."""

from dataclasses import dataclass

from w2vjax.errors import in_range

POWERED = ("unigram", "zipf")
"""The noise distributions that have an exponent."""


@dataclass(frozen=True)
class SamplerConfig:
    """Where noise comes from: a distribution, and a mechanism that draws from it."""

    distribution: str = "unigram"
    """uniform, unigram (counts^power), log-uniform (TensorFlow's), zipf (1/rank^power); by
    the stream of training's words: in-batch, learned-unigram"""
    power: float = 0.75
    """the exponent of unigram and zipf; the others ignore it"""
    mechanism: str = "auto"
    """closed-form, alias, cdf, table (word2vec.c's); auto: closed form if any, else alias"""
    table_size: int = 10_000_000
    """entries of the table (word2vec.c: 100,000,000, which is 400 MB)"""
    uniform_share: float = 0.0
    """share of the draws that are uniform over the vocabulary; the rest is the distribution's"""
    temperature: float = 1.0
    """T: words are drawn by the distribution to the power 1/T, flatter above 1"""
    reserved: int = 0
    """first ids, the most frequent words, that are never drawn: TensorFlow's num_reserved_ids"""
    unique: bool = False
    """whether the noise words of a block are all different, as in TensorFlow; or may repeat"""

    def __post_init__(self) -> None:
        in_range("power", self.power, -10, 10)
        in_range("uniform_share", self.uniform_share, 0, 1)
        in_range("table_size", self.table_size, 1, 2**31 - 1)
        in_range("temperature", self.temperature, 1e-3, 1e3)
        in_range("reserved", self.reserved, 0, 2**31 - 1)

    @property
    def name(self) -> str:
        """Short name, as the command line takes it: `unigram^0.75`, `log-uniform:alias`."""
        mechanism = "" if self.mechanism == "auto" else f":{self.mechanism}"
        sized = self.mechanism == "table" and self.table_size != SamplerConfig.table_size
        return f"{self.law_name}{mechanism}{f'({_short(self.table_size)})' if sized else ''}"

    @property
    def law_name(self) -> str:
        """The name without the mechanism: `unigram^0.75+uniform(0.1)`, `log-uniform+unique`."""
        power = f"^{_short(self.power)}" if self.distribution in POWERED else ""
        heat = f"+temperature({_short(self.temperature)})" if self.temperature != 1 else ""
        share = f"+uniform({_short(self.uniform_share)})" if self.uniform_share else ""
        reserved = f"+reserved({self.reserved})" if self.reserved else ""
        return f"{self.distribution}{power}{heat}{share}{reserved}{'+unique' * self.unique}"


def _short(number: float) -> str:
    """The shortest text that reads back as the same number: `0.75`, `1e6`, `123457`."""
    text = f"{number:g}".replace("e+0", "e")
    return text if float(text) == number else repr(number)
