"""Refuses a page that asks another machine for something, or has a picture without words."""

from html.parser import HTMLParser
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
"""Attributes, by element, that a browser fetches by itself."""


class Faults(HTMLParser):
    """What is wrong with a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address = given.get(LOADED.get(tag, "")) or ""
        if address.startswith(("http:", "https:", "//")) and given.get("rel") != "canonical":
            self.found.append(f"<{tag}> loads {address}")
        if tag == "img" and "alt" not in given:
            self.found.append(f"<img> {address} has no alternative text")


def check(app: Sphinx, error: Exception | None) -> None:
    """Reads every page that was built."""
    if error or app.builder.format != "html":
        return
    pages = sorted(Path(app.outdir).rglob("*.html"))
    faults = [f"{page}: {fault}" for page in pages for fault in Faults(page.read_text()).found]
    if faults:
        raise SphinxError("\n".join(faults))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
