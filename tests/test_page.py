"""The report as one page: whole, self-contained, and true to the files beside it."""

import base64
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from synthetic import CELLS, MACHINE, experiment

from w2vjax.records.file import Records
from w2vjax.records.metrics import FINISHED
from w2vjax.report import picture
from w2vjax.report.build import build
from w2vjax.report.cells import with_cells
from w2vjax.report.facts import words

VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Checks that elements close in order; gathers attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.text = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text += data

    def all(self, name):
        return [found[name] for _, found in self.attributes if name in found]


def rows(num_seeds=3):
    """An experiment with a text of an awkward name, a cell never run and a run that failed."""
    made = experiment(CELLS[3:7], num_seeds)
    for row in made:
        if "config.corpus.source" in row:
            row["config.corpus.source"] = "<b>R&D</b>"
    common = made[0] | {"value": None}
    planned = {"run": "p", "label": "nce / uniform", "metric": "run/planned", "seed": 0}
    failed = {"run": "f", "label": "full-softmax", "metric": "run/failed", "seed": 4}
    failed["message"] = "training diverged after 3 steps"
    return [*made, common | planned, common | failed]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    Records(folder).append(rows())
    build(folder)
    return folder


def page(folder):
    return Reader((folder / "report.html").read_text())


def test_it_needs_nothing_else(built):
    found = page(built)
    tags = {tag for tag, _ in found.attributes}
    assert not tags & {"link", "iframe", "object"}
    assert [found for tag, found in found.attributes if tag == "script"] == [{}]  # its own
    assert any(text.startswith("default-src 'none'") for text in found.all("content"))
    assert "b" not in tags  # of the text's name: it is shown, and not obeyed
    ids = found.all("id")
    assert len(set(ids)) == len(ids)
    assert all(link.startswith("#") and link[1:] in ids for link in found.all("href"))
    assert all(source.startswith("data:image/png;base64,") for source in found.all("src"))
    assert not re.search(r"url\(|@import", (built / "report.html").read_text())


def test_every_figure_is_the_one_beside_it_with_a_text_for_the_blind(built):
    found = page(built)
    shown = {base64.b64decode(source.partition(",")[2]) for source in found.all("src")}
    files = {path.read_bytes() for path in built.glob("*.png")}
    assert shown == files and len(files) >= 6
    assert all(len(text) > 100 for text in found.all("alt"))
    for path in built.glob("*.pdf"):
        assert path.name in found.text


def test_it_tells_where_on_what_and_how_often_it_was_measured(built):
    text = page(built).text
    told = ["0123456789abcdef" * 4, "0, 1, 2", "18,430 of 19,544 questions covered", "3CosAdd"]
    told += [str(MACHINE[name]) for name in ("processor", "commit", "versions.jax", "system")]
    told += ["<b>R&D</b>", "train.subsample", "w2vjax report results/compare"]
    for piece in told:
        assert piece in text, piece


def test_what_is_missing_is_said(built):
    found = page(built)
    assert "NCE, uniform (seed 0)" in found.text
    assert "full softmax (seed 4): training diverged after 3 steps" in found.text
    assert found.text.count("missing") >= 2 * 4 + 1  # two cells, four scores, and the note


def test_the_best_cell_is_named_with_those_not_worse(built):
    text = page(built).text
    assert re.search(r"highest mean analogy accuracy: NEG, unigram0\.75, 4\d\.\d ± ", text)
    assert "Not significantly worse: NCE, unigram" in text


def test_two_seeds_name_no_best_cell(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "render", lambda *_: bytes(24))
    Records(tmp_path).append(experiment(CELLS[3:5], 2))
    build(tmp_path)
    text = page(tmp_path).text
    assert "2 seeds cannot tell" in text and "The highest" not in text


def test_words_are_explained_before_settings_are_listed(built):
    sections = page(built).all("id")
    assert sections.index("results") < sections.index("words") < sections.index("protocol")


def test_records_without_facts_make_a_page_too(tmp_path):
    bare = {"run": "a", "seed": 0, "label": "nce / uniform"}
    Records(tmp_path).append([bare | {"metric": "analogy/total", "value": 0.4}])
    Records(tmp_path).append([bare | {"metric": FINISHED, "value": None}])
    build(tmp_path)
    assert "coverage unknown" in page(tmp_path).text


def test_what_a_run_says_of_its_layer_is_told():
    rows = {"label": ["mine / unigram^0.75:alias", "nce"], "layer.help": ["guesses", None]}
    told = dict(words(with_cells(pd.DataFrame(rows))))
    assert told["mine"] == "guesses" and "noise, unigram" in told
    assert not {"NCE", "noise, uniform"} & set(told)
