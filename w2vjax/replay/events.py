"""What happens in a run of word2vec.c. `str` of an event is its line in a trace."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Epoch:
    """`epoch NUMBER`: a pass over the text starts; from 1."""

    number: int

    def __str__(self) -> str:
        return f"epoch {self.number}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """`sentence IDS…`: the words left by subsampling; none for an empty line."""

    ids: tuple[int, ...]
    num_read: int
    """words read for it, `</s>` too"""

    def __str__(self) -> str:
        return _line("sentence", self.ids)


@dataclass(frozen=True, slots=True)
class Unended:
    """`unended IDS…`: the sentence that the end of the file cuts off, mostly none: not trained."""

    ids: tuple[int, ...]
    num_read: int
    """words read for it"""

    def __str__(self) -> str:
        return _line("unended", self.ids)


@dataclass(frozen=True, slots=True)
class Centre:
    """`centre ID REACH`: a word draws how many neighbours on each side it sees.

    The id is `-` where the sentence is empty: the window is drawn all the same, for nobody.
    """

    word: int | None
    reach: int

    def __str__(self) -> str:
        return _line("centre", (self.word, self.reach))


@dataclass(frozen=True, slots=True)
class Pair:
    """`pair INPUTS TARGET noise IDS…`: inputs, joined by commas, predict a target.

    Skip-gram has one input, a neighbour, and the target is the centre. Noise is `-` where the draw
    was the target and is left out. Hierarchical softmax has no noise.
    """

    inputs: tuple[int, ...]
    target: int
    noise: tuple[int | None, ...]

    def __str__(self) -> str:
        line = f"pair {','.join(map(str, self.inputs))} {self.target}"
        return _line(f"{line} noise", self.noise) if self.noise else line


@dataclass(frozen=True, slots=True)
class Rate:
    """`rate VALUE`: the learning rate from here on; float32 with nine digits, which tell it."""

    value: float

    def __str__(self) -> str:
        return f"rate {self.value:.9g}"


@dataclass(frozen=True, slots=True)
class GeneratorState:
    """`state NUMBER`: the generator's, at the end of an epoch. Equal states: equally many draws."""

    number: int

    def __str__(self) -> str:
        return f"state {self.number}"


Event = Epoch | Sentence | Unended | Centre | Pair | Rate | GeneratorState


def _line(name: str, ids: Iterable[int | None]) -> str:
    return " ".join([name, *("-" if number is None else str(number) for number in ids)])
