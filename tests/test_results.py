"""What is committed in `results` is what its records give."""

import io
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from w2vjax.report import comparison, picture
from w2vjax.report.build import build
from w2vjax.report.cells import complete, load, with_cells
from w2vjax.report.comparison import FIGURES
from w2vjax.report.picture import drawn

RESULTS = Path(__file__).parent.parent / "results"
RECORDS = "records.jsonl.xz"
FOLDERS = sorted(path.parent for path in RESULTS.glob(f"*/{RECORDS}"))
PICTURES = sorted(path for folder in FOLDERS for path in folder.glob("*.png"))
ALIKE = 0.05
"""share of a picture's ink that may differ: another version of the library may draw letters
otherwise"""


def pixels(source: Path | bytes) -> np.ndarray:
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    return np.asarray(imread(file, format="png"), np.float64)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of pixels, as a share of the mean ink of `other`."""
    if one.shape != other.shape:
        return np.inf
    return float(np.abs(one - other).mean() / np.abs(1 - other).mean())


def test_there_are_results_and_they_are_small() -> None:
    assert RESULTS / "first-command" in FOLDERS and len(PICTURES) >= 2
    files = [path for folder in FOLDERS for path in (*folder.glob("*.md"), folder / RECORDS)]
    assert sum(path.stat().st_size for path in [*files, *PICTURES]) < 15e6


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_committed_tables_are_what_the_records_give(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (picture, comparison):  # pictures are compared below
        monkeypatch.setattr(module, "drawn", lambda _: {})
    shutil.copy(folder / RECORDS, tmp_path)
    built = {path.name: path for path in build(tmp_path)}
    for path in folder.glob("*.md"):
        assert path.read_bytes() == built[path.name].read_bytes(), path.name


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_committed_pictures_are_what_the_records_give(path: Path) -> None:
    frame = complete(with_cells(load(path.parent)))
    made = drawn({path.stem: partial(FIGURES[path.stem], frame)})[path.stem].files["png"]
    committed = pixels(path)
    assert difference(pixels(made), committed) < ALIKE
    missing = committed.copy()
    missing[: len(missing) // 3] = 1  # a third of it left white
    assert difference(missing, committed) > 2 * ALIKE
