"""Gradients of the sampled losses beside the exact full softmax's: bias, variance, angle.

Claim: the bias of the losses that are corrected for the sampler vanishes as noise grows, the sooner
the nearer the noise is to the model's own softmax (Bengio & Senécal 2008; Blanc & Rendle 2018;
Rawat et al. 2019); NEG goes to another gradient whatever the number.
Expectation: sampled softmax falls as 1/k; NCE only where scores are log-probabilities, without any
log Z; NEG's cosine stays below one.
Protocol: embeddings of the full softmax after a twentieth, a half and all of its epochs, the last
once more with scores that are normalised, and NCE's; pairs of documents kept out of training; every
distribution of noise; 1 to 4,096 noise words a pair. NEG's and NCE's expected gradients are exact
sums over the vocabulary, sampled softmax's are draws with standard errors. Cost: about 7 minutes on
one core, for 10,000 words of vocabulary; `--quick` less than one. An interrupted run goes on where
it was.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import tyro

from w2vjax.config.layers import sampled_layers
from w2vjax.config.schema import CorpusConfig
from w2vjax.engine.devices import prepare
from w2vjax.errors import InputError
from w2vjax.samplers import parse
from w2vjax.study.gradient_lab import LAWS, STATES, LabConfig, cells, run

COUNTS = (1, 4, 16, 64, 256, 1024, 4096)
QUICK_COUNTS = (1, 16, 256)
QUICK_SAMPLERS = ("uniform", "unigram^0.75", "log-uniform")


def main(
    corpus: str = CorpusConfig.source,
    max_words: int | None = None,
    max_vocab: int | None = 10_000,
    states: tuple[str, ...] = tuple(STATES),
    losses: tuple[str, ...] = sampled_layers(),
    samplers: tuple[str, ...] = tuple(law.law_name for law in LAWS),
    counts: tuple[int, ...] = COUNTS,
    lab: Annotated[LabConfig, tyro.conf.OmitArgPrefixes] = LabConfig(),  # noqa: B008
    out: Path = Path("results/gradients"),
    quick: bool = False,
) -> None:
    """Measures what is not yet in `out`, then builds its tables and figures.

    Args:
        corpus: a data set (`w2vjax data list`) or the path of a text file or folder
        max_words: read only so many words from the start of the text
        max_vocab: most frequent words kept, 20,000 at most for the cost of the exact softmax
        states: at which embeddings: start, half-way, end, "end, normalised", "end, by NCE"
        losses: negative-sampling, nce, sampled-softmax, "sampled-softmax, hits kept"
        samplers: distributions of noise by name, such as unigram^0.75
        counts: noise words a pair
        lab: how carefully it is measured
        out: folder of records, tables and figures
        quick: a small text and few of everything, to see whether it works
    """
    text = CorpusConfig(corpus, max_words=max_words, max_vocab=max_vocab, held_out_every=20)
    if quick:
        text = replace(text, max_words=200_000, max_vocab=2_000)
        lab = replace(lab, epochs=1.0, num_pairs=256, num_draws=4)
        samplers, counts = QUICK_SAMPLERS, QUICK_COUNTS
    prepare(devices=1)
    run(cells(text, lab, states, losses, [parse(name) for name in samplers], counts), out)


if __name__ == "__main__":
    try:
        tyro.cli(main)
    except InputError as error:
        print(f"gradients: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
