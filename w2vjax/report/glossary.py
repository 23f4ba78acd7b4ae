"""The words of a report, explained to those who have never seen the project."""

from collections.abc import Iterable

from w2vjax.report.cells import LAYERS

EXPLAINED_LAYERS = {
    "full-softmax": "the exact prediction: scores every word of the vocabulary at each step",
    "hierarchical-softmax": "predicts a word by the turns on its path down a tree, in which "
    "frequent words are near the root (Huffman's code)",
    "balanced-softmax": "the same on a tree in which all words are about equally deep",
    "negative-sampling": "negative sampling: tells the true word from a few words drawn as noise; "
    "it estimates no probability of words",
    "nce": "noise-contrastive estimation: tells the true word from noise, corrected for how often "
    "the noise is drawn, and so estimates the softmax",
    "sampled-softmax": "the softmax over the true words and a few words drawn as noise, corrected "
    "for how often those are drawn",
    "sppmi-svd": "no training: the matrix of how much more often than by chance words stand "
    "together (shifted positive pointwise mutual information), factored",
}
"""by the layer's name"""
EXPLAINED_SAMPLERS = {
    "uniform": "every word of the vocabulary alike",
    "unigram": "in proportion to the word's count to a power; 0.75 is word2vec's choice",
    "log-uniform": "by frequency rank alone, about 1/rank; TensorFlow's default",
    "zipf": "in proportion to 1/rank to a power",
    "in-batch": "words that occur in the same step",
}
"""by the name of the distribution"""
EXPLAINED_MEASURES = {
    "cell": "an output layer, with its sampler of noise and settings; run once for each seed",
    "seed": "the start of all random numbers; runs of one seed read the same words in one order",
    "words, kept words, pairs": "words of the text as read; those left when frequent words are "
    "thinned out (subsampling); and the pairs of neighbours that are trained. Speeds say which",
    "analogies": "a is to b as c is to …? Percent of questions whose answer is the nearest word",
    "similarity": "rank correlation (Spearman's, times 100) of the vectors' cosines with people's "
    "judgements of pairs of words",
    "covered": "questions or pairs whose words are all known; others do not count unless said so",
    "held-out loss": "minus the mean log probability of the words of unseen text, in nats: lower "
    "is better; only layers that estimate probabilities have one",
}


def explained(layers: Iterable[str], samplers: Iterable[str]) -> dict[str, str]:
    """What the named layers (as people call them) and samplers are, then what is measured."""
    layers, samplers = set(layers), list(samplers)
    return (
        {
            LAYERS[name]: text
            for name, text in EXPLAINED_LAYERS.items()
            if LAYERS.get(name) in layers
        }
        | {
            f"noise, {name}": text
            for name, text in EXPLAINED_SAMPLERS.items()
            if any(sampler.startswith(name) for sampler in samplers)
        }
        | EXPLAINED_MEASURES
    )
