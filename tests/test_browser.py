"""The report's page in headless Chromium: it fits, it is reached by keyboard, its tables sort."""

import re

import pytest
from browser import CHROMIUM, ask
from synthetic import CELLS, experiment

from w2vjax.records.file import Records
from w2vjax.report import picture
from w2vjax.report.build import build

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs chromium")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000054600000280080200000000000000"
)  # the head of a picture of a page's width: its size is all that is looked at
LAYOUT = """
const boxes = [...page.querySelectorAll(".wide")];
const table = page.querySelector("table");
const first = table.rows[1].cells[0];
table.parentNode.scrollLeft = 60;
return {
  wider: page.documentElement.scrollWidth - view.innerWidth,
  cut: table.offsetWidth - table.parentNode.clientWidth,
  stays: first.getBoundingClientRect().left - table.parentNode.getBoundingClientRect().left,
  reached: boxes.every((box) => box.tabIndex === 0 && box.getAttribute("aria-label")),
  picture: page.querySelector("figure img").offsetWidth,
};
"""
SORTED = """
const table = page.querySelector("table"), [body] = table.tBodies;
const column = () => [...body.rows].map((row) => parseFloat(row.cells[2].textContent));
const button = table.querySelectorAll("thead button")[2];
const given = column(), orders = [];
for (let press = 0; press < 3; press++) {
  button.focus();
  page.activeElement.click();
  orders.push([button.parentNode.ariaSort, column()]);
}
const input = page.querySelector("input[type=search]");
input.value = "neg 0.75";
input.dispatchEvent(new view.Event("input"));
const left = [...body.rows].filter((row) => row.offsetHeight > 0).map((row) => row.innerText);
return { given, orders, left, status: page.querySelector("[role=status]").textContent };
"""


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    Records(folder).append(experiment(CELLS, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture, "render", lambda *_: PIXEL)
        build(folder)
    return (folder / "report.html").read_text()


@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_as_wide_as_the_screen_and_all_of_it_is_reached(text, width, tmp_path):
    found = ask(text, width, LAYOUT, tmp_path)
    assert found["wider"] <= 0 and found["reached"]
    assert 0 <= found["stays"] <= 1  # the names, while the rest is scrolled
    assert found["cut"] <= 0 if width == 1280 else found["cut"] > 0
    assert found["picture"] > 700  # as large as its letters need, in a box that scrolls


def test_tables_sort_and_filter(text, tmp_path):
    found = ask(text, 1280, SORTED, tmp_path)
    given, (down, up, as_given) = found["given"], found["orders"]
    assert down == ["descending", sorted(given, reverse=True)] and up == [
        "ascending",
        sorted(given),
    ]
    assert as_given == ["none", given] and given not in (down[1], up[1])
    assert len(found["left"]) == 1 and re.search(r"NEG\s+unigram0.75", found["left"][0])
    assert found["status"].startswith("1 of ")


def test_no_script_runs_but_its_own(text, tmp_path):
    foreign = text.replace("</body>", "<script>document.title = 'foreign'</script></body>")
    asked = "return [page.title, page.querySelectorAll('thead button').length > 0]"
    title, own = ask(foreign, 1280, asked, tmp_path)
    assert "output layers" in title and own
    changed = text.replace("</script>", "document.title = 'foreign'</script>")
    assert "output layers" in ask(changed, 1280, "return [page.title]", tmp_path)[0]
