"""The benchmark of programs as tables and data: speed, accuracy, time to the same accuracy."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from w2vjax.records.metrics import SUBJECT_FAILED
from w2vjax.report.bench_rows import (
    Quantiles,
    bounds,
    extremes,
    machine_of,
    of,
    speed_bars,
    spread_axis,
    spreads,
    subjects,
)
from w2vjax.report.cells import layer_titles
from w2vjax.report.chart import Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import GREY, SMALL, looks
from w2vjax.report.picture import Draw
from w2vjax.report.tables import UNDEFINED, Columns, Table, numbers, texts

OURS = "w2vjax"
SPREADS = {
    "speed": "speed/words",
    "accuracy": "analogy/total",
    "seconds": "seconds",
    "whole": "seconds/whole",
    "start": "seconds/start",
    "memory": "memory/peak",
}
"""what is told of every program, and the metrics"""
PROGRAMS: Columns = {
    "program": texts("program"),
    "version": texts("version"),
    "million words/s": spreads("speed", 3, 1e-6),
    "ours / its speed": spreads("ratio", 2),
    "analogies (%)": spreads("accuracy", 1, 100),
    "mean (%)": numbers("accuracy.mean", 1, 100),
    "training (s)": spreads("seconds", 1),
    "whole (s)": spreads("whole", 1),
    "start (s)": numbers("start", 1),
    "peak memory (GiB)": numbers("memory", 2, 2**-30),
    "runs": numbers("num", 0),
}
LADDER: Columns = {
    "program": texts("program"),
    "its analogies (%)": numbers("accuracy", 1, 100),
    "its training (s)": numbers("seconds", 1),
    "our epochs": numbers("our_epochs", 1),
    "our analogies (%)": numbers("our_accuracy", 1, 100),
    "our training (s)": numbers("our_seconds", 1),
    "of its time (%)": numbers("share", 1, 100),
}


def measured(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a program and number of epochs: medians, least and largest, of every run.

    Columns: program, version, epochs, num; of `SPREADS` (and .low, .high); accuracy.mean; and
    ratio (and .low, .high), our speed over the program's, run by run in the order of measuring.
    """
    every = subjects(frame)
    rows: list[dict[str, Any]] = []
    for subject in every:
        row = {name: subject[name] for name in ("program", "version", "epochs", "run")}
        for name, metric in SPREADS.items():
            row |= bounds(name, extremes(of(frame, subject["run"], metric)["value"]))
        accuracy = of(frame, subject["run"], "analogy/total")["value"]
        row |= {"accuracy.mean": float(accuracy.mean()), "num": int(accuracy.count())}
        row |= bounds("ratio", _ratio(frame, every, subject))
        rows.append(row)
    made = pd.DataFrame(rows)
    return made[made["num"] > 0].reset_index(drop=True)


def _ratio(frame: pd.DataFrame, every: list[dict[str, Any]], subject: dict[str, Any]) -> Quantiles:
    ours = [s for s in every if s["program"] == OURS and s["epochs"] == subject["epochs"]]
    if not ours:
        return extremes([])
    speeds = (of(frame, s["run"], "speed/words")["value"] for s in (ours[0], subject))
    return extremes(next(speeds) / next(speeds))


def tables(frame: pd.DataFrame) -> dict[str, Table]:
    """Programs at the same epochs; and our runs on the way to each peer's accuracy, if any."""
    rows = measured(frame)
    if rows.empty:
        return {"table": _programs(frame, rows)}
    asked = subjects(frame)[0]["config.epochs"]
    ladder = rows[rows["program"] == OURS]
    made = {"table": _programs(frame, rows[rows["epochs"] == asked])}
    if len(ladder) > 1:
        made["time_to_accuracy"] = _ladder(rows[rows["program"] != OURS], ladder)
    return made


def _programs(frame: pd.DataFrame, rows: pd.DataFrame) -> Table:
    first = subjects(frame)[0]
    (layer,) = layer_titles(pd.DataFrame([first]), [first["config.layer"]])
    exam = frame[frame["metric"] == "analogy/total"]
    protocol = " and ".join(sorted(set(exam["evaluation"].dropna()))) if len(exam) else UNDEFINED
    questions = "planted's own" if first["config.corpus"] == "planted" else "Google's"
    caption = (
        f"**Programs** on {first['corpus']}, {first['words']:,.0f} words, "
        f"{first['vocabulary']:,.0f} of vocabulary: {first['config.architecture']}, "
        f"{layer}, {first['config.dim']:.0f} dimensions, window "
        f"{first['config.window']:.0f}, subsampling {first['config.subsample']:g}, min count "
        f"{first['config.min_count']:.0f}, {first['config.epochs']:.0f} epochs, each program's own "
        f"learning rate; {machine_of(frame)}. Every run a process of its own with one thread, "
        "worker or XLA device a core (fastText ten at least: with fewer threads it leaves vectors "
        "without a start); programs in turn (A B A B); medians (least to largest). "
        "Words/s: raw words of the text times epochs over seconds of training, without reading the "
        "vocabulary, compiling and saving (fastText: less a call without epochs; word2vec.c: less "
        "a call on one line). Ratio: our speed over the program's, of neighbouring runs. Whole: "
        "from the text to vectors; ours with the start of the process and of JAX, but with the "
        "text encoded before. Start: of our process to its first step, compiled programs from the "
        f"cache if they are there. Analogies: {questions}, {protocol}."
    )
    rows = rows.drop(columns="run", errors="ignore")
    return Table.of(caption + _failures(frame), PROGRAMS, rows)


def _failures(frame: pd.DataFrame) -> str:
    rows = frame[frame["metric"] == SUBJECT_FAILED]
    if rows.empty:
        return ""
    told = (
        f"{label} ({message})"
        for label, message in zip(rows["label"], rows["message"], strict=True)
    )
    return f" Failed: {'; '.join(dict.fromkeys(told))}."


def _ladder(peers: pd.DataFrame, ours: pd.DataFrame) -> Table:
    """Our fewest epochs whose mean accuracy is at least the peer's, and the time they take."""
    caption = (
        "**Time to the same accuracy.** Our runs with more and more epochs, each with a learning "
        "rate that falls to the end of it; the fewest epochs whose mean accuracy over the runs "
        "is at least that of the program. Seconds of training, medians. Tried: "
        + "; ".join(
            f"{row['epochs']:g} epochs, {100 * row['accuracy.mean']:.1f} %, {row['seconds']:.1f} s"
            for row in ours.sort_values("epochs").to_dict("records")
        )
        + "."
    )
    rows = []
    for peer in peers.to_dict("records"):
        good = ours[ours["accuracy.mean"] >= peer["accuracy.mean"]].sort_values("epochs")
        reached = good.iloc[0].to_dict() if len(good) else {}
        seconds = reached.get("seconds", np.nan)
        rows.append(
            {
                "program": peer["program"],
                "accuracy": peer["accuracy.mean"],
                "seconds": peer["seconds"],
                "our_epochs": reached.get("epochs", np.nan),
                "our_accuracy": reached.get("accuracy.mean", np.nan),
                "our_seconds": seconds,
                "share": seconds / peer["seconds"],
            }
        )
    return Table.of(caption, LADDER, rows)


def drawings(frame: pd.DataFrame) -> dict[str, Draw]:
    """The figures, by name."""
    rows = measured(frame)
    asked = rows[rows["epochs"] == rows["epochs"].iloc[0]] if len(rows) else rows
    bars = asked.rename(columns={"program": "cell"})
    return {
        "speed": partial(speed_bars, bars, "speed", 1e-6, "million words/s"),
        "accuracy_against_time": partial(speed_and_accuracy, rows),
    }


def speed_and_accuracy(data: pd.DataFrame) -> Drawing | None:
    """Analogy accuracy against seconds of training, least to largest; our epochs joined by a line.

    Columns: program, epochs; seconds and accuracy (and .low, .high).
    """
    data = data.dropna(subset=["seconds", "accuracy"])
    if data.empty:
        return None
    ours = data[data["program"] == OURS]

    def epochs(axes: Axes) -> None:
        axes.plot(ours["seconds"], 100 * ours["accuracy"], color=styles[OURS]["color"], lw=0.8)
        for row in ours.to_dict("records"):
            place = (row["seconds"], 100 * row["accuracy"])
            axes.annotate(f"{row['epochs']:g}", place, (-5, 1), textcoords="offset points",
                          ha="right", fontsize=SMALL, color=GREY)  # fmt: skip

    x = spread_axis("seconds", "training (s); numbers: our epochs", log=True, plain=True, least=2)
    y = spread_axis("accuracy", "analogies (%)", 100)
    drawn = data.sort_values("epochs", kind="stable")
    ours = ours.sort_values("epochs")
    styles = {
        name: {**look, "linestyle": "none", "markersize": 5}
        for name, look in looks(data["program"]).items()
    }
    layout = PanelGrid(span="column", height=2.4, base=0)
    figure = chart([Panel(drawn, x, y, over=epochs if len(ours) else None)], "program", styles,
                   layout)  # fmt: skip
    spread = [f"{name}.{end}" for name in ("seconds", "accuracy") for end in ("low", "high")]
    return Drawing(figure, data[["program", "epochs", "seconds", "accuracy", *spread]])
