"""Training speed, accuracy and memory, ours against gensim's, on the same text and cores.

Claim: at least gensim's accuracy at several times its speed (negative sampling), and near its
accuracy with hierarchical softmax.
Protocol: skip-gram, window 5, subsampling 1e-4, min count 5, the same epochs; gensim reads the
uncompressed text as a LineSentence file, one worker a core; we train one XLA device a core. Each
run is a process of its own; A B A B; medians. Words/s: raw words of the text times epochs over wall
seconds of training, without reading the vocabulary and without compiling. Accuracy: Google
analogies, 3CosAdd, top 30,000 candidates, out-of-vocabulary skipped. Memory: peak resident size.
Cost: about 8 minutes on 2 cores for simplewiki-2018, 3 epochs, 2 repeats.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

import tyro
from rich.progress import track
from tabulate import tabulate

Layer = Literal["negative-sampling", "hierarchical-softmax"]


def ours(corpus: str, layer: str, epochs: int, dim: int, seed: int) -> dict[str, float]:
    """One run of this toolkit."""
    from w2vjax import devices
    from w2vjax.config import CorpusConfig, OutputConfig, RunConfig, TrainConfig
    from w2vjax.evaluation import metrics
    from w2vjax.text import encoding
    from w2vjax.train import train

    devices.prepare()
    config = RunConfig(
        corpus=CorpusConfig(source=corpus),
        output=OutputConfig(layer=layer),
        train=TrainConfig(epochs=float(epochs), dim=dim, seed=seed),
    )
    trained = train(encoding.encode(config.corpus), config, show=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    accuracy = metrics.evaluate(trained.embeddings, config.evaluation, sets=[])[0].value
    return measured(trained.words, trained.seconds, accuracy, peak)


def gensim(text: str, layer: str, epochs: int, dim: int, seed: int) -> dict[str, float]:
    """One run of gensim."""
    from gensim.models import Word2Vec

    from w2vjax.evaluation import metrics
    from w2vjax.vectors.embeddings import Embeddings

    hierarchical = layer == "hierarchical-softmax"
    model = Word2Vec(
        **{"sg": 1, "vector_size": dim, "window": 5, "sample": 1e-4, "min_count": 5, "seed": seed},
        hs=int(hierarchical),
        negative=0 if hierarchical else 5,
        workers=len(os.sched_getaffinity(0)),
    )
    model.build_vocab(corpus_file=text)
    start = time.perf_counter()
    model.train(
        corpus_file=text,
        epochs=epochs,
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
    )
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    vectors = Embeddings(tuple(model.wv.index_to_key), model.wv.vectors)
    accuracy = metrics.evaluate(vectors, sets=[])[0].value
    return measured(model.corpus_total_words * epochs, seconds, accuracy, peak)


def measured(words: int, seconds: float, accuracy: float | None, peak: int) -> dict[str, float]:
    """What one run reports. `peak` is in KiB."""
    return {
        "million words/s": words / seconds / 1e6,
        "training (s)": seconds,
        "analogies (%)": 100 * (accuracy or 0.0),
        "peak memory (GiB)": peak / 2**20,
    }


def main(
    corpus: str = "simplewiki-2018",
    layer: Layer = "negative-sampling",
    epochs: int = 3,
    dim: int = 100,
    repeats: int = 2,
    worker: str = "",
) -> None:
    """Prints one table: medians, and the ratio of the medians. `worker` is its own use."""
    if worker:
        program, source, seed = worker.split(",")
        made = {"ours": ours, "gensim": gensim}[program](source, layer, epochs, dim, int(seed))
        print(json.dumps(made))
        return
    from w2vjax.config import CorpusConfig
    from w2vjax.text.datasets import source

    print(__doc__)
    results: dict[str, list[dict[str, float]]] = {"ours": [], "gensim": []}
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        with text.open("wb") as file:
            file.writelines(source(CorpusConfig(source=corpus)).blocks(lambda *_: None))
        settings = ["--layer", layer, "--epochs", str(epochs), "--dim", str(dim)]
        for seed in track(range(repeats), "repeats"):
            for program, read in (("ours", corpus), ("gensim", str(text))):
                command = [sys.executable, __file__, *settings]
                command += ["--worker", f"{program},{read},{seed}"]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                results[program].append(json.loads(done.stdout.splitlines()[-1]))
    rows = {
        program: {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        for program, runs in results.items()
    }
    ratio = {name: rows["ours"][name] / value for name, value in rows["gensim"].items()}
    table = {**rows, "ours / gensim": ratio}
    print(f"{corpus}, {layer}, {dim} dimensions, {epochs} epochs, {repeats} repeats")
    print(tabulate([[name, *row.values()] for name, row in table.items()],
                   ["", *ratio], tablefmt="github", floatfmt=".3f"))  # fmt: skip


if __name__ == "__main__":
    tyro.cli(main)
