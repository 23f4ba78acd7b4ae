"""Figures of sweeps, bands and grids: their data are the records', placed where they belong."""

import matplotlib.style
import numpy as np
import pytest
from matplotlib.colors import to_hex
from studies import STUDIES
from synthetic import BANDS, CELLS, WORDS, experiment

from w2vjax.records.file import Records
from w2vjax.report import sweeps
from w2vjax.report.cells import complete, load, with_cells
from w2vjax.report.comparison import FIGURES
from w2vjax.report.look import STYLE
from w2vjax.report.runs import ACCURACY, SECONDS, SPEED


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    made = {}
    for name in (*STUDIES, "usual"):
        folder = tmp_path_factory.mktemp("records")
        Records(folder).append(experiment(CELLS, 3) if name == "usual" else STUDIES[name](2))
        made[name] = complete(with_cells(load(folder)))
    return made


def draw(name, frame):
    with matplotlib.style.context(["default", STYLE]):
        return FIGURES[name](frame)


def accuracy(frame, **settings):
    """Mean accuracy (%) of the runs with these settings."""
    rows = frame[frame["metric"] == "analogy/total"]
    for name, value in settings.items():
        rows = rows[rows[f"config.{name.replace('__', '.')}"] == value]
    assert len(rows) == 2
    return 100 * rows["value"].mean()


def lines_of(data):
    return {
        name: line.set_index(line.columns[2])[ACCURACY] for name, line in data.groupby("series")
    }


def test_powers_are_lines_uniform_is_power_zero_and_log_uniform_a_level(frames):
    frame = frames["power"]
    lines = lines_of(draw("power_sweep", frame).data)
    assert set(lines) == {"NEG, unigram^a", "NEG, zipf^a", "NEG, log-uniform"}
    assert list(lines["NEG, unigram^a"].index) == [-0.5, 0, 0.25, 0.5, 0.75, 1, 1.25]
    assert list(lines["NEG, zipf^a"].index) == [0.5, 0.75, 1]
    assert np.isnan(lines["NEG, log-uniform"].index).all()
    sampler = "output__sampler__distribution"
    for name, power in (("unigram", 0.5), ("zipf", 0.5)):
        wanted = accuracy(frame, **{sampler: name, "output__sampler__power": power})
        assert lines[f"NEG, {name}^a"][power] == pytest.approx(wanted)
    assert lines["NEG, unigram^a"][0] == pytest.approx(accuracy(frame, **{sampler: "uniform"}))
    level = accuracy(frame, **{sampler: "log-uniform"})
    assert lines["NEG, log-uniform"].to_list() == [pytest.approx(level)]


def test_numbers_of_shared_noise_words_stand_at_their_speed(frames):
    drawing = draw("shared_noise", frames["sharing"])
    shown = drawing.data
    assert set(shown["series"]) == {"NEG, unigram^0.75", "NCE, unigram^0.75"}
    for _, line in shown.groupby("series"):
        line = line.sort_values("config.train.noise_per_block")
        assert line["config.train.noise_per_block"].to_list() == [16, 32, 64, 128]
        assert line[SPEED].is_monotonic_decreasing and line[ACCURACY].is_monotonic_increasing
    axes = drawing.figure.axes[0]
    told = {(text.get_text(), *text.xy) for text in axes.texts if hasattr(text, "xy")}
    points = zip(shown["config.train.noise_per_block"], shown[SPEED], shown[ACCURACY], strict=True)
    assert told == {(f"{number:g}", speed, score) for number, speed, score in points}


def test_a_level_is_drawn_across_the_axis_at_its_mean(frames):
    drawing = draw("power_sweep", frames["power"])
    level = drawing.data.set_index("series")[ACCURACY]["NEG, log-uniform"]
    axes = drawing.figure.axes[0]
    flat = [line for line in axes.lines if np.allclose(line.get_ydata(), level)]
    assert [list(line.get_xdata()) for line in flat] == [[0, 1]]  # of the axes' width


def test_noise_counts_are_a_line_for_each_way_of_sharing(frames):
    frame = frames["noise"]
    lines = lines_of(draw("noise_count", frame).data)
    assert len(lines) == 2
    for grouping, how in (("pair", "of its own for each pair"), ("block", "shared by a block")):
        line = lines[f"NEG, unigram^0.75, noise {how}"]
        assert list(line.index) == [1, 2, 5, 10, 15]
        for num in line.index:
            wanted = accuracy(frame, train__grouping=grouping, output__num_noise=num)
            assert line[num] == pytest.approx(wanted)


def test_table_sizes_are_a_line_and_the_alias_a_level(frames):
    frame = frames["table"]
    lines = lines_of(draw("table_size", frame).data)
    assert list(lines["NEG, unigram^0.75, table"].index) == [1e5, 1e6, 1e7, 1e8]
    alias = accuracy(frame, output__sampler__mechanism="alias")
    assert lines["NEG, unigram^0.75, alias (exact)"].to_list() == [pytest.approx(alias)]


def test_a_clock_has_a_line_a_layer_at_seconds_of_training(frames):
    data = draw("accuracy_against_seconds", frames["clock"]).data
    counts = data.groupby("series").size()
    assert len(counts) == 6 and set(counts) == {5}
    full = data[(data["layer"] == "full softmax") & (data[sweeps.EPOCHS] == 1)]
    assert full[SECONDS].to_list() == pytest.approx([WORDS / 5 / 0.03e6], rel=1e-6)


SWEEPS = {
    "power": "power_sweep",
    "noise": "noise_count",
    "table": "table_size",
    "clock": "accuracy_against_seconds",
    "tuning": "learning_rate",
}


def in_legend(drawing):
    (legend,) = drawing.figure.legends
    return legend.get_lines()


@pytest.mark.parametrize("name", SWEEPS)
def test_no_two_lines_look_alike_without_colour(frames, name):
    drawing = draw(SWEEPS[name], frames[name])
    looks = {(line.get_marker(), str(line._dash_pattern)) for line in in_legend(drawing)}
    assert len(looks) == len(in_legend(drawing)) == drawing.data["series"].nunique() > 1


def test_a_layer_has_one_colour_in_all_figures(frames):
    usual = frames["usual"]
    few = usual[usual["layer"].isin(["NEG", "NCE"]) | usual["layer"].isna()]
    drawings = [draw("accuracy_against_speed", frame) for frame in (usual, few)]
    drawings.append(draw("accuracy_against_seconds", frames["clock"]))
    colors = [
        {to_hex(line.get_color()) for line in in_legend(drawing) if "NCE" in line.get_label()}
        for drawing in drawings
    ]
    assert colors[0] == colors[1] == colors[2] and len(colors[0]) == 1


@pytest.mark.parametrize("name", ["clock", "noise"])
def test_losses_of_cells_of_one_sampler_are_told_apart_in_order(frames, name):
    lines = in_legend(draw("loss_curves", frames[name]))
    assert len({to_hex(line.get_color()) for line in lines}) == len(lines) == 10
    if name == "noise":
        counts = [int(line.get_label().split("=")[1].split(",")[0]) for line in lines]
        assert counts == sorted(counts)


@pytest.mark.parametrize("what", ["analogy", "similarity"])
def test_a_band_holds_its_own_scores_and_counts(frames, what):
    frame = frames["usual"]
    name = {"analogy": "accuracy_by_band", "similarity": "similarity_by_band"}[what]
    data = draw(name, frame).data.set_index(["cell", "upper_rank"])
    rows = frame[frame["metric"] == f"{what}/band"]
    score = next(column for column in data if column in ("accuracy_percent", "spearman_100"))
    for (cell, rank), group in rows.groupby(["cell", "x"], observed=True):
        assert data[score][cell, rank] == pytest.approx(100 * group["value"].mean())
        assert data["covered"][cell, rank] == round(18_430 * BANDS[rank])
    assert len(data) == len(CELLS) * len(BANDS)


def test_bands_have_a_panel_a_layer_with_the_others_in_grey(frames):
    figure = draw("accuracy_by_band", frames["usual"]).figure
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["NEG", "NCE", "sampled softmax"]
    for axes, num_samplers in zip(figure.axes, (3, 2, 2), strict=True):
        assert len(axes.containers) == num_samplers + 3


def test_a_grid_says_what_is_missing_and_what_was_not_planned(frames):
    frame = frames["usual"]
    gone = frame[~((frame["cell"] == "NCE, log-uniform") & frame["x"].isna())]
    axes = draw("layers_by_samplers", gone).figure.axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("missing") == 1 and len(texts) == len(CELLS)
    rows = frame[(frame["metric"] == "analogy/total") & (frame["cell"] == "NEG, uniform")]
    values = 100 * rows["value"].to_numpy()
    half = 4.302653 * values.std(ddof=1) / np.sqrt(3)  # Student's t, two degrees of freedom
    assert f"{values.mean():.1f}\n±{half:.1f}" in texts


def test_filled_marks_are_the_significant_ones(frames):
    frame = frames["usual"].copy()
    scores = frame["metric"] == "analogy/total"
    twin, reference = (
        scores & (frame["cell"] == f"{name}, unigram^0.75") for name in ("NCE", "NEG")
    )
    near = frame.loc[reference, "value"].to_numpy() + np.array([0.01, -0.01, 0.001])
    frame.loc[twin, "value"] = near
    drawing = draw("differences_to_reference", frame)
    axes = drawing.figure.axes[0]
    filled = [to_hex(bar.lines[0].get_markerfacecolor()) != "#ffffff" for bar in axes.containers]
    significant = drawing.data["p_holm"] <= 0.05
    assert filled == significant.to_list() and 0 < sum(filled) < len(filled)
    places = [bar.lines[0].get_xdata()[0] for bar in axes.containers]
    assert places == pytest.approx(100 * drawing.data["difference"].to_numpy())


def test_two_points_are_no_sweep(frames):
    frame = frames["power"]
    powers = frame["config.output.sampler.power"]
    assert draw("power_sweep", frame[powers.isin([0.75, 1.0]) | powers.isna()]) is not None
    flat = frame["config.output.sampler.distribution"] == "uniform"
    assert draw("power_sweep", frame[(powers.isin([0.75, 1.0]) & ~flat) | powers.isna()]) is None
