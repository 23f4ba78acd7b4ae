"""How Sphinx builds these pages: `sphinx-build -W -b html docs docs/_build`."""

import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ.setdefault("JAX_PLATFORMS", "cpu")  # the pages are executed on any machine
os.environ["MATPLOTLIBRC"] = str(HERE / "matplotlibrc")  # one look for all figures

project = "w2vjax"
author = "the w2vjax authors"
project_copyright = author
version = release = version_of("w2vjax")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "reference",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
    "mathml",
    "offline",
]
exclude_patterns = ["gallery", "_build", "jupyter_execute", "**/.ipynb_checkpoints"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 60
nb_merge_streams = True
nb_number_source_lines = False

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "figures",  # made by the build
    "notebook_extensions": set(),
    "reset_modules": ("look.reset",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "show_signature": False,
    "within_subsection_order": "FileNameSortKey",
}

bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"
bibtex_default_style = "plain"

default_role = "code"  # docstrings write code in single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True

highlight_language = "text"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["w2vjax.css"]
html_title = "w2vjax"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
