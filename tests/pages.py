"""README and the pages of the documentation as text: their blocks of code."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from conftest import QUICK

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
FILE_NAME = re.compile(r"# ([\w-]+\.(?:py|toml|json|sh))\n")
QUICKLY = {
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    "XLA_FLAGS": " ".join(QUICK),
    "MPLBACKEND": "agg",
}
"""for processes of their own: they compile as the other tests do, sooner than users'"""


def quickly() -> dict[str, str]:
    """The environment for them."""
    return os.environ | QUICKLY


class Block(NamedTuple):
    """A fenced block."""

    info: str
    text: str


def pages() -> list[Path]:
    """README and every page somebody wrote."""
    made = ("_build", "jupyter_execute", "figures")
    written = (ROOT / "docs").rglob("*.md")
    return [ROOT / "README.md", *sorted(p for p in written if not {*p.parts} & {*made})]


def blocks(page: Path, *infos: str) -> list[Block]:
    """The page's blocks of these kinds, in order."""
    found = [Block(match[2].strip(), match[3]) for match in FENCE.finditer(page.read_text())]
    return [block for block in found if block.info in infos]


def files(page: Path) -> dict[str, str]:
    """Files that a page tells its reader to write: blocks that begin with `# NAME.py`."""
    named = [(FILE_NAME.match(block.text), block.text) for block in blocks(page, "python", "toml")]
    return {match[1]: text for match, text in named if match}


def names(page: Path) -> list[tuple[str, str]]:
    """Module and name of what a page of the reference lists."""
    found = FENCE.finditer(page.read_text())
    listed = [(match[2].split(), match[3]) for match in found if match[2].startswith("{names}")]
    return [(module, name) for (_, module), text in listed for name in text.split()]
