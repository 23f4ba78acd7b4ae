"""The report on the losses' optima: its numbers are those of the records."""

import numpy as np

from w2vjax.records.file import Records
from w2vjax.records.metrics import FINISHED
from w2vjax.report import build as report
from w2vjax.report import theory as theory_report
from w2vjax.report.cells import load


def rows(layer: str, sampler: str, gap: float) -> list[dict]:
    base = {"experiment": "theory", "run": f"{layer} / {sampler}"}
    base |= {"layer": layer, "sampler": sampler}
    fits = {"r_squared": 1 - gap, "slope": 1.5, "largest_error": 0.25}
    return [
        *(
            base | {"metric": f"theory/{name}", "x": x, "value": x / 10 + shift}
            for name, shift in (("wanted", 0.0), ("found", 0.5))
            for x in range(4)
        ),
        *(
            base | {"metric": f"theory/{name}", "value": value, "words": 8, "noise": 3}
            for name, value in fits.items()
        ),
        base | {"metric": FINISHED, "value": None} | ({"theory": "q"} if layer == "NCE" else {}),
    ]


def test_files_tell_the_records(tmp_path):
    cells = [("NCE", "uniform", 1e-4), ("NCE", "zipf^1", 0.25), ("negative-sampling", "uniform", 0)]
    Records(tmp_path).append(row for cell in cells for row in rows(*cell))
    files = report.build(tmp_path)
    assert {file.name for file in files} == {
        *("table.md", "table.tex", "table.csv"),
        *("optima.png", "optima.pdf", "optima.csv"),
    }
    table = (tmp_path / "table.md").read_text()
    assert "Theory: NCE q; NEG;" in table, "older records name the layer and tell no theory"
    assert "8 words" in table and "k = 3" in table and "2e-01" in table and "1.50000" in table
    data = theory_report.points(load(tmp_path))
    assert len(data) == 12
    np.testing.assert_allclose(data["found"] - data["wanted"], 0.5)
    assert set(data["r_squared"]) == {1 - 1e-4, 0.75, 1.0}
    drawing = theory_report.optima(data)
    panels = [axes for axes in drawing.figure.axes if axes.lines]
    assert [axes.get_title() for axes in panels] == ["uniform", "zipf$^{1}$"]
    assert panels[1].texts[0].get_text() == "R² > 1 \N{MINUS SIGN} 1e+00"
