"""One run of one program, in a process of its own: `python -m w2vjax.bench.worker JSON`.

The last line of its output is the run as JSON.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from w2vjax import machine
from w2vjax.bench.settings import OURS, PeerConfig
from w2vjax.vectors.embeddings import Embeddings


@dataclass(frozen=True)
class Task:
    """What a process is asked to do."""

    program: str
    settings: PeerConfig
    text: str
    """file of the plain text, for the peers"""
    epochs: float
    seed: int
    started: float
    """when the process was started, seconds since the epoch"""


@dataclass(frozen=True)
class Done:
    """What a program has done."""

    embeddings: Embeddings
    seconds: float
    """training alone: without reading the text for its vocabulary, compiling, and saving"""
    whole_seconds: float
    """from the text to vectors. Ours: of the whole process, the text encoded before"""
    peak_memory: int
    """bytes, of the program's own process, before its vectors are evaluated"""
    start_seconds: float | None = None
    """ours: from the start of the process to the first step, compiled programs from the cache"""
    compile_seconds: float | None = None


def ours(task: Task) -> Done:
    """This toolkit, one XLA device a core, each layer's own learning rate."""
    from w2vjax.engine import devices

    devices.prepare()
    from w2vjax.config.schema import CorpusConfig, OutputConfig, RunConfig, TrainConfig
    from w2vjax.engine.train import train
    from w2vjax.text.encoding import encode

    asked = task.settings
    config = RunConfig(
        corpus=CorpusConfig(asked.corpus, min_count=asked.min_count, max_words=asked.max_words),
        output=OutputConfig(layer=asked.layer, num_noise=asked.num_noise),
        train=TrainConfig(
            architecture=asked.architecture,
            dim=asked.dim,
            window=asked.window,
            subsample=asked.subsample,
            epochs=task.epochs,
            seed=task.seed,
        ),
    )
    trained = train(encode(config.corpus, progress=False), config, show=False)
    until_now = time.time() - task.started
    return Done(
        embeddings=trained.embeddings,
        seconds=trained.seconds,
        whole_seconds=until_now,
        peak_memory=machine.peak_memory(),
        start_seconds=until_now - trained.seconds,
        compile_seconds=trained.compile_seconds,
    )


def gensim(task: Task) -> Done:
    """gensim's Word2Vec on a LineSentence file, one worker a core."""
    from gensim.models import Word2Vec

    asked, hierarchical = task.settings, task.settings.layer == "hierarchical-softmax"
    model = Word2Vec(
        sg=int(asked.architecture == "skip-gram"),
        vector_size=asked.dim,
        window=asked.window,
        sample=asked.subsample,
        min_count=asked.min_count,
        hs=int(hierarchical),
        negative=0 if hierarchical else asked.num_noise,
        seed=task.seed,
        workers=machine.cores(),
    )
    begin = time.perf_counter()
    model.build_vocab(corpus_file=task.text)
    start = time.perf_counter()
    model.train(
        corpus_file=task.text,
        epochs=round(task.epochs),
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
    )
    end = time.perf_counter()
    vectors = Embeddings(tuple(model.wv.index_to_key), model.wv.vectors)
    return Done(vectors, end - start, end - begin, machine.peak_memory())


FASTTEXT_THREADS = 10
"""at least: each fills a tenth of the start vectors, and the rest holds whatever was in memory"""


def fasttext(task: Task) -> Done:
    """fastText without subwords.

    It reads the vocabulary within the call: a call without any epoch is timed too, and taken off.
    """
    from fasttext import train_unsupervised

    asked = task.settings

    def trained(epochs: int) -> tuple[Any, float]:
        start = time.perf_counter()
        model = train_unsupervised(
            task.text,
            model={"skip-gram": "skipgram", "cbow": "cbow"}[asked.architecture],
            loss={"negative-sampling": "ns", "hierarchical-softmax": "hs"}[asked.layer],
            dim=asked.dim,
            ws=asked.window,
            t=asked.subsample,
            minCount=asked.min_count,
            neg=asked.num_noise,
            epoch=epochs,
            thread=max(FASTTEXT_THREADS, machine.cores()),
            minn=0,
            maxn=0,
            verbose=0,
        )
        return model, time.perf_counter() - start

    reading = trained(0)[1]
    model, taken = trained(round(task.epochs))
    peak = machine.peak_memory()
    words = model.get_words()
    vectors = Embeddings(tuple(words), model.get_input_matrix()[: len(words)])
    return Done(vectors, taken - reading, taken, peak)


def word2vec(task: Task) -> Done:
    """word2vec.c. Loading the vocabulary, filling its table and saving are timed on a text of one
    line, and taken off."""
    asked, hierarchical = task.settings, task.settings.layer == "hierarchical-softmax"
    cbow = asked.architecture == "cbow"
    settings = {
        "size": asked.dim,
        "window": asked.window,
        "sample": asked.subsample,
        "hs": int(hierarchical),
        "negative": 0 if hierarchical else asked.num_noise,
        "threads": machine.cores(),
        "iter": round(task.epochs),
        "min-count": asked.min_count,
        "alpha": 0.05 if cbow else 0.025,
        "binary": 1,
        "cbow": int(cbow),
        "debug": 0,
    }
    # Not by its package's function, which never reads what the program prints: that ends in a halt.
    program = Path(sys.executable).parent / "word2vec"
    with tempfile.TemporaryDirectory() as folder:
        vocabulary, vectors = Path(folder) / "vocabulary.txt", Path(folder) / "vectors.bin"
        line = Path(folder) / "line.txt"
        line.write_text("one line\n")

        def trained(text: str, output: str, **files: Path) -> float:
            options = {"train": text, "output": output, **settings}
            options |= {name.replace("_", "-"): path for name, path in files.items()}
            pairs = ([f"-{name}", str(value)] for name, value in options.items())
            command = [str(program), *(part for pair in pairs for part in pair)]
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            return time.perf_counter() - start

        # Without a place to save, it does not train.
        reading = trained(task.text, "", save_vocab=vocabulary)
        setup = trained(str(line), str(vectors), read_vocab=vocabulary)
        taken = trained(task.text, str(vectors), read_vocab=vocabulary)
        peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return Done(Embeddings.load(vectors), taken - setup, reading + taken, peak)


RUNS: dict[str, Callable[[Task], Done]] = {
    OURS: ours,
    "gensim": gensim,
    "fasttext": fasttext,
    "word2vec": word2vec,
}


def main(text: str) -> None:
    """Runs the task and prints the run."""
    asked: dict[str, Any] = json.loads(text)
    task = Task(**asked | {"settings": PeerConfig(**asked["settings"])})
    done = RUNS[task.program](task)
    # Only now: evaluating takes memory and time of its own.
    from w2vjax.evaluation.metrics import evaluate
    from w2vjax.study.exam import Exam

    score = evaluate(done.embeddings, None, Exam.of(task.settings.corpus).questions, [])[0]
    found = {name: value for name, value in vars(done).items() if name != "embeddings"}
    print(json.dumps(found | asdict(score)))


if __name__ == "__main__":
    main(sys.argv[1])
