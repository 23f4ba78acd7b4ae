"""Figures of a comparison in axes, for scripts and notebooks.

`records`: a folder, or the frame that `report.cells.load` gives of several; `cells` are chosen and
renamed as `w2vjax report --cells …` does. Without `ax` a figure of pyplot's in this project's
style is made, of a page's width; axes that are given keep the style in force. All raise
`InputError` if the records have no data for the figure, and as `report.build.build` does.

    fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    figures.accuracy_against_speed("results/compare", ax=axes[0])
    figures.differences_to_reference("results/compare", ax=axes[1])
"""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes

from w2vjax.errors import InputError
from w2vjax.report import accuracy, differences
from w2vjax.report.cells import complete
from w2vjax.report.chart import Drawing
from w2vjax.report.choice import Records, chosen
from w2vjax.report.look import styled, width

Draw = Callable[[pd.DataFrame, Axes], Drawing | None]
ROW, AROUND = 0.2, 1.2
"""height of a row of a list or heat map and of what is around them, in inches"""


def accuracy_against_speed(
    records: Records, ax: Axes | None = None, cells: Sequence[str] = ()
) -> Axes:
    """A point a cell: analogy accuracy against training speed, with the Pareto front.

    >>> from w2vjax.report import figures
    >>> axes = figures.accuracy_against_speed("results/samplers")
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('training speed (million words/s)', 'analogy accuracy (%)')
    """
    return _drawn(accuracy.accuracy_against_speed, records, ax, cells, of_rows=False)


def accuracy_by_section(
    records: Records, ax: Axes | None = None, cells: Sequence[str] = ()
) -> Axes:
    """Heat map: mean accuracy of every cell in every section of the analogy questions."""
    return _drawn(accuracy.accuracy_by_section, records, ax, cells)


def layers_by_samplers(records: Records, ax: Axes | None = None, cells: Sequence[str] = ()) -> Axes:
    """Heat map: mean analogy accuracy ± half of its interval, a row a layer, a column a sampler."""
    return _drawn(accuracy.layers_by_samplers, records, ax, cells)


def differences_to_reference(
    records: Records,
    ax: Axes | None = None,
    cells: Sequence[str] = (),
    against: str | None = None,
) -> Axes:
    """Forest plot: every cell's difference in accuracy to the cell `against`, with its interval."""
    draw = partial(differences.differences_to_reference, against=against)
    return _drawn(draw, records, ax, cells)


def _drawn(
    draw: Draw, records: Records, ax: Axes | None, cells: Sequence[str], of_rows: bool = True
) -> Axes:
    frame = complete(chosen(records, cells))
    if ax is not None:
        return _in(ax, draw, frame)
    height = AROUND + ROW * frame["cell"].nunique() if of_rows else 2.6
    with styled():
        figure, ax = pyplot.subplots(figsize=(width("page"), height))
        try:
            return _in(ax, draw, frame)
        except InputError:
            pyplot.close(figure)
            raise


def _in(ax: Axes, draw: Draw, frame: pd.DataFrame) -> Axes:
    if draw(frame, ax) is None:
        raise InputError("the records have no data for this figure: see what `w2vjax report` draws")
    return ax
