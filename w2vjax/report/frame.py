"""Records as a data frame: what every report begins with."""

from pathlib import Path

import pandas as pd

from w2vjax.records import file


def load(path: Path | str) -> pd.DataFrame:
    """A row a measurement of a records file or folder, with what describes its run.

    There are columns `run`, `label`, `seed` and `x` always; numbers are numbers. Raises
    `InputError` as `records.file.rows` does.
    """
    frame = pd.DataFrame.from_records(file.rows(path))
    for name in ("run", "label", "seed", "x"):
        if name not in frame:
            frame[name] = None
    for name in ("value", "x", "seed"):
        frame[name] = pd.to_numeric(frame[name])
    return frame
