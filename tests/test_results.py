"""What is committed in `results` is what its records give."""

import re
import shutil
from pathlib import Path

import pytest

from w2vjax.report import plots
from w2vjax.report.plots import FILE_NAMES
from w2vjax.report.report import build

RESULTS = Path(__file__).parent.parent / "results"
FOLDERS = sorted(path.parent for path in RESULTS.glob("*/table.md"))
TEXTS = (".csv", ".md", ".tex", ".html")
PICTURE = re.compile(r'<img width="\d+" height="\d+"|data:image/png;base64,[A-Za-z0-9+/=]*')
"""letters may be drawn otherwise by another version of the library"""


def test_there_are_results() -> None:
    assert RESULTS / "first-command" in FOLDERS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_committed_results_are_what_the_records_give(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is drawn is compared, as CSV; pictures are not, and each takes a second.
    monkeypatch.setattr(plots, "_render", lambda *_: bytes(24))
    shutil.copy(folder / "records.jsonl", tmp_path)
    built = {path.name for path in build(tmp_path)}
    committed = {path.name for path in folder.iterdir()}
    assert built <= committed and committed & FILE_NAMES <= built
    for name in built:
        if Path(name).suffix in TEXTS:
            here, there = ((place / name).read_text() for place in (folder, tmp_path))
            assert PICTURE.sub("", here) == PICTURE.sub("", there), name
