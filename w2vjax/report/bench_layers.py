"""The benchmark of layers as tables and data: speed, arithmetic and traffic against ceilings."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from w2vjax.records.metrics import CALLS, COPY, FULL_SOFTMAX, MATMUL, PRODUCTS
from w2vjax.report.bench_rows import (
    Quantiles,
    bounds,
    machine_of,
    of,
    quartiles,
    shown,
    speed_bars,
    spreads,
    subjects,
)
from w2vjax.report.cells import with_cells
from w2vjax.report.chart import Axis, Drawing, Panel, PanelGrid, chart
from w2vjax.report.look import GREY, Look, looks
from w2vjax.report.picture import Draw
from w2vjax.report.tables import Columns, Table, number, numbers, texts

SPEED: Columns = {
    "layer": texts("layer"),
    "sampler": texts("sampler"),
    "ms a step": spreads("seconds", 3, 1e3),
    "million words/s": spreads("words", 3, 1e-6),
    "million kept words/s": numbers("kept_words", 3, 1e-6),
    "million pairs/s": numbers("pairs", 2, 1e-6),
    "exchange (%)": numbers("exchange", 1, 100),
    "compile (s)": numbers("compile_seconds", 1),
    "MiB a device": numbers("device_memory", 0, 2**-20),
    "measurements": numbers("num", 0),
}
TRAFFIC: Columns = {
    "layer": texts("layer"),
    "sampler": texts("sampler"),
    "MFLOP a step": numbers("flops", 1, 1e-6),
    "MFLOP (XLA)": numbers("xla_flops", 1, 1e-6),
    "GFLOP/s": numbers("flops_rate", 1, 1e-9),
    "GFLOP/s (XLA)": numbers("xla_flops_rate", 1, 1e-9),
    "of the product (%)": numbers("matmul_share", 1, 100),
    "MB a step": numbers("bytes", 2, 1e-6),
    "MB (XLA)": numbers("xla_bytes", 2, 1e-6),
    "GB/s": numbers("bytes_rate", 2, 1e-9),
    "GB/s (XLA)": numbers("xla_bytes_rate", 2, 1e-9),
    "of the copy (%)": numbers("copy_share", 1, 100),
    "FLOP/byte": numbers("intensity", 1),
}


def measured(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a training program: medians, quartiles and rates, in the order of measuring.

    Columns: layer, sampler, cell; seconds of a step (and .low, .high); words, kept_words, pairs a
    second (words also with .low, .high); exchange, the share of time; flops, bytes a step by hand
    and by XLA, flops_rate, bytes_rate by hand, xla_flops_rate, xla_bytes_rate; num.
    """
    frame = with_cells(frame)
    rows: list[dict[str, Any]] = []
    for subject in subjects(frame):
        times = of(frame, subject["run"], "seconds")
        if subject["label"] in CALLS or times.empty:
            continue
        rows.append(_rates(subject, times))
    return pd.DataFrame(rows)


def _rates(subject: dict[str, Any], times: pd.DataFrame) -> dict[str, Any]:
    step = times["value"] / times["steps"]
    spread = quartiles(step)
    row = {name: subject[name] for name in ("layer", "sampler", "cell")}
    row |= bounds("seconds", spread)
    for name in ("words", "kept_words", "pairs"):
        row |= bounds(name, quartiles(times[name] / times["value"]))
    row["exchange"] = float((times["exchange_seconds"] / times["value"]).median())
    for name in ("flops", "bytes", "xla_flops", "xla_bytes"):
        row[name], row[f"{name}_rate"] = subject[name], subject[name] / spread.median
    for name in ("compile_seconds", "cached_seconds", "device_memory"):
        row[name] = subject[name]
    return row | {"num": spread.num}


def rate(frame: pd.DataFrame, name: str) -> Quantiles:
    """Amount a second of a call: FLOP/s of the product, bytes/s of the copy."""
    found = [subject for subject in subjects(frame) if subject["label"] == name]
    if not found:
        return quartiles([])
    return quartiles(found[0]["amount"] / of(frame, found[0]["run"], "seconds")["value"])


def tables(frame: pd.DataFrame) -> dict[str, Table]:
    """Speed; arithmetic and traffic; the full softmax against its products, if it took part."""
    rows = measured(frame)
    made = {"table": _speed(frame, rows), "ceilings": _ceilings(frame, rows)}
    products = rate(frame, PRODUCTS)
    return made | ({"full_softmax": _products(frame)} if products.num else {})


def _speed(frame: pd.DataFrame, rows: pd.DataFrame) -> Table:
    first = next(s for s in subjects(frame) if s["label"] not in CALLS)
    peak = frame.loc[frame["metric"] == "memory/peak", "value"]
    whole = f" The process of all of them held {number(peak.max(), 2, 2**-30)} GiB at its peak."
    caption = (
        f"**Speed of training** on {first['corpus']}, {first['vocabulary']:,.0f} words of "
        f"vocabulary, {first['config.train.dim']:.0f} dimensions, "
        f"{first['config.train.architecture']}, window {first['config.train.window']:.0f}, on "
        f"{machine_of(frame)}. The program that training runs, a segment at a time after one to "
        "warm up, until the result is on the device; programs in turn (A B A B); medians "
        "(quartiles). Words: raw words of the text; kept: after subsampling; pairs: (word, "
        "neighbour). With the devices' exchange, without compiling and the host's reading "
        "of the text, which goes on meanwhile. Compile: tracing and compiling, as "
        "without the cache; 0 where another layer's program is the same. Memory: arguments, "
        f"results and temporaries of the program on each device.{whole}"
    )
    return Table.of(caption, SPEED, rows.drop(columns="cell"))


def _ceilings(frame: pd.DataFrame, rows: pd.DataFrame) -> Table:
    matmul, copy = rate(frame, MATMUL), rate(frame, COPY)
    caption = (
        "**Arithmetic and traffic of a step**, all devices together, against what they can do at "
        "best, measured in between: one large product of float32 matrices on each at a time, "
        f"{shown(matmul, 1, 1e-9)} GFLOP/s, and one large copy, {shown(copy, 2, 1e-9)} GB/s, read "
        "and written. By hand: the matrix products of a step, and the rows it gathers and scatters "
        "(`w2vjax/bench/work.py` has the formula). XLA: its own count of the same program for one "
        "step, which takes loops inside a step as run once, and the whole matrix as moved by every "
        "gather and scatter. Shares and "
        "FLOP/byte: of the count by hand."
    )
    kept = ("flops", "bytes", "flops_rate", "bytes_rate")
    raw = rows[["layer", "sampler", *kept, *(f"xla_{name}" for name in kept)]].assign(
        matmul_share=rows["flops_rate"] / matmul.median,
        copy_share=rows["bytes_rate"] / copy.median,
        intensity=rows["flops"] / rows["bytes"],
    )
    return Table.of(caption, TRAFFIC, raw)


def _products(frame: pd.DataFrame) -> Table:
    pair = [s for name in (FULL_SOFTMAX, PRODUCTS) for s in subjects(frame) if s["label"] == name]
    times = [of(frame, subject["run"], "seconds")["value"] for subject in pair]
    caption = (
        "**The full softmax against its matrix products.** Loss and gradients of one step's hidden "
        "vectors and the whole matrix, and the three products in it in plain XLA, all scores at "
        "once, on every device at the same time; medians (quartiles). Ratio: of neighbouring "
        "measurements; 1 would mean that all else is free."
    )
    ratio = quartiles((times[0] / times[1]).dropna())
    text, raw = [], []
    for subject, seconds, factor in zip(pair, times, (ratio, quartiles([1.0])), strict=True):
        spread = quartiles(seconds)
        text.append(
            {
                "what": subject["label"],
                "measurements": number(spread.num, 0),
                "ms": shown(spread, 2, 1e3),
                "GFLOP/s": number(subject["amount"] / spread.median, 1, 1e-9),
                "ratio": shown(factor, 2),
            }
        )
        raw.append({"what": subject["label"]} | bounds("seconds", spread) | bounds("ratio", factor))
    return Table.plain(caption, text, raw)


def drawings(frame: pd.DataFrame) -> dict[str, Draw]:
    """The figures, by name."""
    rows = measured(frame)
    matmul, copy = (rate(frame, name).median for name in (MATMUL, COPY))
    return {
        "speed": partial(speed_bars, rows, "words", 1e-6, "million words/s"),
        "roofline": partial(roofline, rows, matmul, copy),
    }


def roofline(data: pd.DataFrame, matmul: float, copy: float) -> Drawing | None:
    """FLOP/s against FLOP/byte (Williams et al. 2009), under the two ceilings measured.

    Columns: cell, flops, bytes, flops_rate. `matmul`: FLOP/s; `copy`: bytes/s.
    """
    if data.empty or not (matmul > 0 and copy > 0):
        return None
    intensity = data["flops"] / data["bytes"]
    rates = pd.DataFrame({"cell": data["cell"].astype(str), "intensity": intensity})
    rates["flops_rate"] = data["flops_rate"]
    ridge = matmul / copy
    low, high = min(ridge, intensity.min()) / 3, max(ridge, intensity.max()) * 4
    bottom = min(low * copy, rates["flops_rate"].min()) / 1e9 / 2

    def ceilings(axes: Axes) -> None:
        place = np.array([low, ridge, high])
        axes.plot(place, np.minimum(place * copy, matmul) / 1e9, color=GREY, linewidth=1.5)
        axes.set(xlim=(low, high), ylim=(bottom, 3 * matmul / 1e9))
        told: Look = {"color": GREY, "va": "bottom"}
        product = f"product {matmul / 1e9:.0f} GFLOP/s "
        axes.text(high, matmul / 1e9 * 1.1, product, ha="right", **told)
        axes.text(0.03, 0.92, f"copy {copy / 1e9:.1f} GB/s", transform=axes.transAxes, **told)

    x = Axis("intensity", "FLOP/byte, by hand", log=True)
    panel = Panel(rates, x, Axis("flops_rate", "GFLOP/s", 1e-9, log=True), over=ceilings)
    styles = {
        cell: {**look, "linestyle": "none", "markersize": 5}
        for cell, look in looks(rates["cell"]).items()
    }
    figure = chart([panel], "cell", styles, PanelGrid(span="column", height=2.3, base=0))
    top = pd.DataFrame({"cell": ["ceilings"], "intensity": [ridge], "flops_rate": [matmul]})
    return Drawing(figure, pd.concat([rates, top], ignore_index=True))
