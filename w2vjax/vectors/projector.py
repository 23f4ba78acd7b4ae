"""TensorBoard's Embedding Projector: a file of numbers, and a file of the words beside it.

`NAME.tsv` has a row of numbers a word, parted by TABs; `NAME_metadata.tsv` a word a line. Metadata
of several columns start with a line of their names (TensorBoard, "Visualizing data using the
Embedding Projector"); the word is the first column.
"""

from pathlib import Path

from w2vjax import files
from w2vjax.errors import InputError


def metadata(path: Path) -> Path:
    """Where the words of the vectors at `path` are written."""
    return path.with_name(f"{path.stem}_metadata.tsv")


def words_beside(path: Path) -> list[bytes]:
    """The words of rows that are numbers alone, from the file beside them.

    Raises `InputError` if there is none.
    """
    name = path.name.split(".")[0]
    beside = (
        f"{name}_metadata.tsv",
        f"{name.removesuffix('_tensor')}_metadata.tsv",
        "metadata.tsv",
    )
    found = next(
        (path.with_name(other) for other in beside if path.with_name(other).is_file()), None
    )
    if found is None:
        raise InputError(
            f"{path} has numbers alone, without words: put the words, one a line, into "
            f"{path.with_name(beside[0])}"
        )
    with files.opened(found) as file:
        lines = file.read().splitlines()
    if lines and b"\t" in lines[0]:
        lines = [line.split(b"\t")[0] for line in lines[1:]]
    return lines
