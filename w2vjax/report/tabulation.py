"""The table of a comparison, for scripts and notebooks."""

from collections.abc import Sequence

from pandas.io.formats.style import Styler

from w2vjax.report import comparison
from w2vjax.report.choice import Records, chosen, narrowed


def table(records: Records, columns: Sequence[str] = (), cells: Sequence[str] = ()) -> Styler:
    """The comparison as pandas shows it: a row a cell, the mean and interval of the seeds.

    `records`: a folder, or the frame that `report.cells.load` gives of several. `columns`, beside
    layer and sampler, and `cells` are chosen as `w2vjax report --columns … --cells …` chooses them.
    `.data` is the frame of texts; bold is what the caption tells.

    Raises `InputError` as `report.build.build` does.

    >>> from w2vjax import report
    >>> cells = ["NEG, unigram^0.75=ours", "NEG, uniform=even"]
    >>> table = report.table("results/samplers", columns=["analogies"], cells=cells)
    >>> table.data[["layer", "analogies (%)"]]
      layer analogies (%)
    0  ours    36.8 ± 0.6
    1  even    23.9 ± 0.3
    """
    return narrowed(comparison.table(chosen(records, cells)), columns).style()
