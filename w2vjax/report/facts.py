"""What the records say of an experiment as a whole: text, protocol, settings, machine, what failed.

All are pairs of a name and a text for people; what the records do not know is left out.
"""

from collections.abc import Iterable

import pandas as pd

from w2vjax.records.metrics import FINISHED, OWN, PLUGIN
from w2vjax.report.cells import NO_SAMPLER, SEED, SHARING, value_text

Facts = list[tuple[str, str]]
MOST_VALUES = 8
"""of one setting that are listed"""
EXPLAINED_SAMPLERS = {
    "uniform": "every word of the vocabulary alike",
    "unigram": "in proportion to the word's count to a power; 0.75 is word2vec's choice",
    "log-uniform": "by frequency rank alone, about 1/rank; TensorFlow's default",
    "zipf": "in proportion to 1/rank to a power",
    "in-batch": "words that occur in the same step",
}
"""by the name of the distribution"""
EXPLAINED_PARTS = {
    "+temperature": "the distribution to the power 1/T, flatter above T = 1",
    "+reserved": "so many of the most frequent words are never noise",
    "+unique": "the noise words of a block are all different",
}
"""by what follows it in the name of a sampler"""
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


def listed(frame: pd.DataFrame, name: str) -> str:
    """The values of a field: "a and b"; "unknown" where there are none."""
    if name not in frame or frame[name].dropna().empty:
        return "unknown"
    return " and ".join(sorted({_number(value) for value in frame[name].dropna()}))


def span(values: Iterable[float]) -> str:
    """`4,000` or `4,000 to 5,000`."""
    low, high = int(min(values)), int(max(values))
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def coverage(analogy: pd.DataFrame) -> str:
    """How many of the questions count, of rows of analogy scores."""
    if "covered" not in analogy or analogy["covered"].dropna().empty:
        return "coverage unknown"
    return f"{span(analogy['covered'])} of {span(analogy['total'])} questions covered"


def of_run(frame: pd.DataFrame, name: str) -> pd.Series:
    """A number a run: the field's largest, which is the one at its end."""
    if name not in frame:
        return pd.Series(dtype=float)
    return pd.to_numeric(frame.groupby("run")[name].max()).dropna()


def unfinished(frame: pd.DataFrame) -> list[str]:
    """Names of runs without an end, with what made them fail if that is known."""
    started = frame.dropna(subset=["run", "cell"]).drop_duplicates("run")
    done = set(frame.loc[frame["metric"] == FINISHED, "run"])
    failures = frame.dropna(subset=["message"]) if "message" in frame else frame[:0]
    reasons = dict(zip(failures["run"], failures.get("message", ()), strict=False))
    left = started[~started["run"].isin(done)]
    return [
        f"{cell} (seed {seed:g})" + (f": {reasons[run]}" if run in reasons else "")
        for run, cell, seed in zip(left["run"], left["cell"], left["seed"], strict=True)
    ]


def protocol(frame: pd.DataFrame) -> Facts:
    """On what and how it was measured, of the records of finished runs."""
    analogy = frame[frame["metric"] == "analogy/total"]
    counts = [
        ("vocabulary", "words in the vocabulary"),
        ("words", "words read in training, a run"),
        ("kept_words", "kept words, a run (left by subsampling)"),
        ("pairs", "pairs trained, a run"),
    ]
    seeds = frame["seed"].dropna().unique()
    return [
        ("text", listed(frame, "config.corpus.source")),
        ("sha256 of the encoded text", listed(frame, "corpus_sha256")),
        *((label, span(of_run(frame, name))) for name, label in counts if len(of_run(frame, name))),
        ("seeds", ", ".join(f"{seed:g}" for seed in sorted(seeds))),
        ("analogies", f"{listed(analogy, 'evaluation')}; {coverage(analogy)}"),
        *_sets(frame),
        *_own(frame),
        *conditions(frame),
        ("intervals", "Student's, 95 %, over seeds; seeds are the unit of repetition"),
        ("clock", "seconds of training; compiling and reading the text are not in it"),
    ]


def conditions(frame: pd.DataFrame) -> Facts:
    """On what accuracy and speed of the finished runs depend beside layer and sampler.

    How many noise words how many words share, which trades accuracy for speed; and how many seeds
    trained as one program, whose speeds are no other's.
    """
    ends = frame[frame["metric"] == FINISHED]
    facts = []
    if shared := _shared_noise(ends):
        facts.append(("noise words shared by the words of a block", shared))
    together = sorted(set(replicas(ends)))
    if together != [1] and len(together):
        numbers = " or ".join(map(str, together))
        apart = "compare them only where as many trained" if len(together) > 1 else ""
        share = "seconds and speeds are each one's share"
        facts.append(
            ("seeds trained as one program", "; ".join(filter(None, (numbers, share, apart))))
        )
    return facts


def replicas(ends: pd.DataFrame) -> pd.Series:
    """How many runs trained as one program with each that ends; 1 where that is not recorded."""
    if "replicas" not in ends:
        return pd.Series(1, ends.index)
    return pd.to_numeric(ends["replicas"]).fillna(1).astype(int)


def sentences(facts: Facts) -> str:
    """The facts for a caption, a sentence each with a blank before it."""
    return "".join(f" {name[:1].upper()}{name[1:]}: {text}." for name, text in facts)


def _shared_noise(ends: pd.DataFrame) -> str:
    """`32 by 64`, of all runs that draw noise, of each layer or of each of its samplers.

    Cells of one layer and sampler that differ are named by the setting. Empty if no run draws any.
    """
    if not {*SHARING, "sampler", "layer"} <= set(ends):
        return ""
    known = ends.dropna(subset=["sampler", *SHARING])
    rows = known[known["sampler"].astype(str) != NO_SAMPLER]
    if rows.empty:
        return ""
    count, block, grouping = (rows[name] for name in SHARING)
    text = count.map("{:g}".format) + " by " + block.map("{:g}".format)
    text = text.mask(grouping == "pair", "none")
    layers = rows["layer"].astype(str)
    several = text.groupby(layers).transform("nunique") > 1
    names = layers.mask(several, layers + " with " + rows["sampler"].astype(str))
    told = text.groupby(names, sort=False).agg(lambda found: " or ".join(found.unique()))
    if told.nunique() < 2:
        return "".join(told.unique())
    return ", ".join(f"{each} in {name}" for name, each in told.items())


def environment(frame: pd.DataFrame) -> Facts:
    """Where and with what it was measured."""
    made: Facts = []
    for name in ("processor", "cores", "system", "platform", "device"):
        made.append((name, listed(frame, name)))
    made.append(("devices used by a run", listed(frame, "num_devices")))
    if len(memory := of_run(frame, "peak_memory")):
        made.append(("peak memory of a run's process", f"{memory.max() / 2**30:.2f} GiB at most"))
    made.append(("commit", _commits(frame)))
    if len(times := frame["time"].dropna() if "time" in frame else ()):
        made.append(("recorded", f"{min(times)} to {max(times)}"))
    versions = [name for name in map(str, frame) if name.startswith("versions.")]
    made += [(name.removeprefix("versions."), listed(frame, name)) for name in versions]
    files = [name for name in map(str, frame) if name.startswith(PLUGIN)]
    made += [(f"sha256 of {name.removeprefix(PLUGIN)}", listed(frame, name)) for name in files]
    return [(name, text) for name, text in made if text != "unknown"]


def settings(frame: pd.DataFrame) -> tuple[Facts, Facts]:
    """The settings that all runs share, and those that differ with the values they take."""
    runs = frame.dropna(subset=["run"]).drop_duplicates("run")
    shared, varied = [], []
    for name in (name for name in map(str, frame) if name.startswith("config.")):
        short = name.removeprefix("config.")
        values = list(dict.fromkeys(map(_shown, runs[name])))
        if len(values) == 1:
            shared.append((short, values[0]))
        elif name != SEED:
            more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
            varied.append((short, ", ".join(values[:MOST_VALUES]) + more))
    return shared, varied


def _sets(frame: pd.DataFrame) -> Facts:
    """Coverage of each similarity set."""
    if not {"covered", "total"} <= set(frame):
        return []
    rows = frame[frame["metric"].str.startswith("similarity/") & frame["x"].isna()]
    rows = rows.dropna(subset=["covered", "total"])
    return [
        (str(name), f"{listed(group, 'evaluation')}; {span(group['covered'])} of "
                    f"{span(group['total'])} pairs covered")
        for name, group in rows.groupby("metric")
    ]  # fmt: skip


def _own(frame: pd.DataFrame) -> Facts:
    """What each metric of one's own is."""
    rows = frame[frame["metric"].str.startswith(OWN)]
    return [
        (name.removeprefix(OWN), listed(group, "evaluation"))
        for name, group in rows.groupby("metric", sort=False)
    ]


def _commits(frame: pd.DataFrame) -> str:
    text = listed(frame, "commit")
    dirty = "dirty" in frame and frame["dirty"].dropna().astype(bool).any()
    return f"{text}, with changes that are in no commit" if dirty else text


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(value: object) -> str:
    return "none" if value is None or value != value else value_text(value)


def words(frame: pd.DataFrame) -> Facts:
    """What the layers and samplers of the records `with_cells` are, then what is measured.

    Of a layer, what its runs say of it: a user's own is explained like the others.
    """
    samplers = list(frame["sampler"].cat.categories)
    helped = frame.dropna(subset=["layer", "layer.help"]) if "layer.help" in frame else frame[:0]
    return [
        *dict(zip(helped["layer"].astype(str), helped.get("layer.help", ()), strict=False)).items(),
        *(
            (f"noise, {name}", text)
            for name, text in EXPLAINED_SAMPLERS.items()
            if any(sampler.startswith(name) for sampler in samplers)
        ),
        *(
            (f"noise, {name}", text)
            for name, text in EXPLAINED_PARTS.items()
            if any(name in sampler for sampler in samplers)
        ),
        *EXPLAINED_MEASURES.items(),
    ]
