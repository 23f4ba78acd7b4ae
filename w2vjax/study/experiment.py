"""An experiment as data: settings that all runs share, and axes along which they differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

from w2vjax.config.layers import draws_noise
from w2vjax.config.optimizers import SGD
from w2vjax.config.overrides import override
from w2vjax.config.schema import RunConfig, SamplerConfig, flatten
from w2vjax.errors import InputError, in_range, unknown
from w2vjax.study.launch import Slurm

Fields = Mapping[str, Any]
"""dotted names of `RunConfig`'s fields to values; `sampler` is a whole sampler by its name"""
Axes = Mapping[str, Sequence[Any]]
"""dotted names to the values that they take"""
SAMPLER = "sampler"
SEED = "train.seed"
DEVICES = "train.devices"
QUICK: Fields = {
    "corpus.source": "planted",
    "corpus.max_words": 40_000,
    "corpus.max_vocab": None,
    "train.dim": 8,
    "train.epochs": 1.0,
    "evaluation.questions": None,
    "evaluation.similarity": None,
}
"""what a quick trial of an experiment sets"""


@dataclass(frozen=True)
class Part:
    """A block of cells: every combination of `product`, with each row of `zip`."""

    base: Fields = field(default_factory=dict)
    product: Axes = field(default_factory=dict)
    zip: Axes = field(default_factory=dict)
    """axes of equal length that advance together"""

    def values(self, name: str) -> list[Any]:
        """All that a field is set to."""
        fixed = [self.base[name]] if name in self.base else []
        return [*fixed, *self.product.get(name, ()), *self.zip.get(name, ())]

    def cells(self) -> list[dict[str, Any]]:
        """The fields of each cell; the last axis of `product` changes fastest.

        Raises `InputError` for an axis that is empty or has a value twice, for zipped axes of
        different lengths, and for a field that is set twice.
        """
        names = [*self.product, *self.zip]
        for name, values in [*self.product.items(), *self.zip.items()]:
            if not values:
                raise InputError(f"the grid is empty: the axis {name} has no values")
        for name, values in self.product.items():
            twice = [value for place, value in enumerate(values) if value in values[:place]]
            if twice:
                raise InputError(f"the axis {name} has {twice[0]!r} twice: drop one")
        for place, name in enumerate(names):
            if name in names[:place]:
                raise InputError(f"{name} is an axis of product and of zip: drop one")
            if name in self.base:
                raise InputError(f"{name} is an axis and has a fixed value beside it: drop one")
        lengths = {name: len(values) for name, values in self.zip.items()}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise InputError(f"zipped axes need equally many values: {found}")
        rows = zip(*self.zip.values(), strict=True) if self.zip else [()]
        together = [dict(zip(self.zip, row, strict=True)) for row in rows]
        return [
            {**self.base, **dict(zip(self.product, values, strict=True)), **row}
            for values in product(*self.product.values())
            for row in together
        ]


@dataclass(frozen=True)
class Experiment:
    """Cells on a number of seeds. All cells of a seed come together, in the order of the parts."""

    name: str
    """letters, digits, `_` and `-`; its results go to `results/NAME`"""
    base: Fields = field(default_factory=dict)
    """of every cell, where its part says nothing else"""
    product: Axes = field(default_factory=dict)
    zip: Axes = field(default_factory=dict)
    """axes of a first block of cells"""
    parts: tuple[Part, ...] = ()
    """more blocks; without axes of its own, an experiment with parts has only theirs"""
    seeds: int | tuple[int, ...] | None = None
    """how many, from 0 on; or which. None: one run a cell, with the seed that its fields give"""
    rates: Mapping[str, float] = field(default_factory=dict)
    """learning rates by label, for cells of sgd that set none: tuned ones"""
    plugins: tuple[str, ...] = ()
    """Python files that register samplers, output layers and metrics of one's own"""
    metrics: tuple[str, ...] = ()
    """functions of one's own that score vectors, `FILE.py:function`"""
    launch: str | None = None
    """where the runs go: `local:N` or `slurm`. None: this process"""
    slurm: Slurm = field(default_factory=Slurm)
    file: str = ""
    """where it is described, for messages"""

    def __post_init__(self) -> None:
        if not self.name.replace("-", "").replace("_", "").isalnum():
            raise InputError(f"experiment name {self.name!r}: use letters, digits, '_' and '-'")
        if isinstance(self.seeds, int):
            in_range("seeds", self.seeds, 1, 1_000)
        elif self.seeds is not None and not self.seeds:
            raise InputError("the grid is empty: seeds has no values")

    def configs(self) -> list[RunConfig]:
        """One configuration a run.

        A layer that draws no noise is one cell whatever samplers it is crossed with. Raises
        `InputError` for unknown fields, with the nearest names, values of the wrong type or out of
        range, and what `Part.cells` raises. Cells that come twice are the grid's to refuse.
        """
        try:
            made = [config for part in self._blocks() for config in self._of_part(part)]
        except InputError as error:
            raise InputError(f"{self.file}: {error}" if self.file else str(error)) from None
        if self.seeds is None:
            return made
        seeds = range(self.seeds) if isinstance(self.seeds, int) else self.seeds
        return [override(config, {SEED: seed}) for seed in seeds for config in made]

    def most_devices(self) -> int | None:
        """The most devices that any cell asks for; None where none asks."""
        blocks = (Part(self.base, self.product, self.zip), *self.parts)
        values = [value for block in blocks for value in block.values(DEVICES)]
        return max((value for value in values if isinstance(value, int)), default=None)

    def quick(self) -> "Experiment":
        """A trial of all that it does: two values an axis, one seed, a small made-up text."""

        def short(axes: Axes) -> dict[str, Sequence[Any]]:
            return {name: values[:2] for name, values in axes.items() if name not in QUICK}

        return replace(
            self,
            base={**self.base, **QUICK},
            product=short(self.product),
            zip=short(self.zip),
            parts=tuple(
                Part(
                    {name: value for name, value in part.base.items() if name not in QUICK},
                    short(part.product),
                    short(part.zip),
                )
                for part in self.parts
            ),
            seeds=self.seeds[:1] if isinstance(self.seeds, tuple) else self.seeds and 1,
        )

    def _blocks(self) -> tuple[Part, ...]:
        head = Part(product=self.product, zip=self.zip)
        return (head, *self.parts) if self.product or self.zip or not self.parts else self.parts

    def _of_part(self, part: Part) -> Iterator[RunConfig]:
        known = [*flatten(RunConfig()), SAMPLER]
        for name in [*self.base, *part.base, *part.product, *part.zip]:
            if name not in known:
                raise unknown("field", name, known)
            if name == SEED and self.seeds is not None:
                raise InputError("seeds and train.seed are both given: drop one")
        crossed = {*part.product} & {SAMPLER, *_sampler_fields(SamplerConfig())}
        seen: set[str] = set()
        for cell in part.cells():
            config = self._config({**self.base, **cell})
            if crossed and not draws_noise(config.output.layer):
                config = replace(config, output=replace(config.output, sampler=SamplerConfig()))
                if config.run_id in seen:
                    continue
                seen.add(config.run_id)
            yield config

    def _config(self, fields: Fields) -> RunConfig:
        given = dict(fields)
        if SAMPLER in given:
            # Only parsing names needs it: the command line reads files without starting JAX.
            from w2vjax.samplers import parse

            name = given.pop(SAMPLER)
            if not isinstance(name, str):
                raise InputError(f"sampler is {name!r}: it must be a name, 'unigram^0.75' say")
            given = {**_sampler_fields(parse(name)), **given}
        config = override(RunConfig(), given)
        train, label = config.train, config.output.label
        if train.learning_rate is None and train.optimizer == SGD and label in self.rates:
            config = override(config, {"train.learning_rate": self.rates[label]})
        return config


def _sampler_fields(config: SamplerConfig) -> dict[str, Any]:
    return {f"output.sampler.{name}": value for name, value in asdict(config).items()}
