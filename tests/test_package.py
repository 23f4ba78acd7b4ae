"""What `import w2vjax` offers."""

import ast
import doctest
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import w2vjax


def test_names_are_those_of_their_modules():
    from w2vjax import losses, nn, samplers
    from w2vjax.engine.train import train
    from w2vjax.text.encoding import encode, encode_documents
    from w2vjax.vectors.embeddings import Embeddings

    own = {"losses": losses, "nn": nn, "samplers": samplers, "train": train, "encode": encode}
    own |= {"Embeddings": Embeddings, "encode_documents": encode_documents}
    assert {name: getattr(w2vjax, name) for name in w2vjax.__all__} == own
    assert set(w2vjax.__all__) <= set(dir(w2vjax))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        w2vjax.trian  # noqa: B018


PACKAGE = Path(w2vjax.__file__).parent
EXAMPLES = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text()]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_examples_of_docstrings_are_true(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    ran = doctest.testmod(import_module(".".join(parts).removesuffix(".__init__")))
    assert ran.attempted > 2 and not ran.failed


def test_there_are_examples():
    assert len(EXAMPLES) > 5


def test_files_and_functions_are_short():
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text()
        assert len(text.splitlines()) <= 300, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path}: {node.name}"


def test_importing_it_starts_nothing():
    """Nor do the names of layers, and the vectors."""
    program = (
        "import sys, w2vjax, w2vjax.losses, w2vjax.config.layers as l; w2vjax.Embeddings; "
        "assert l.LAYERS and 'jax' not in sys.modules; "
        "from w2vjax.losses import nce; assert 'jax' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
