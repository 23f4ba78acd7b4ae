"""Formulas as MathML in the page: no script, no font from elsewhere."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import SphinxError

REPLACED = (
    (r"\\(begin|end)\{aligned\}", r"\\\1{align*}"),
    (r"\\sim\b", "\\\\mathrel{\u223c}"),
)
"""TeX the converter does not know, and what it takes for it."""
SPACED = (
    # a sign after a relation or an opening bracket has no space behind it
    (
        r"(<mo[^>]*>(?:&#x0003D;|&#x0221D;|&#x02248;|&#x02264;|&#x02265;|&#x00028;|&#x0002C;|\[)"
        r"</mo>)<mo>&#x02212;</mo>",
        r'\1<mo form="prefix">&#x02212;</mo>',
    ),
    # a function has, unless a bracket follows
    (
        r"(?<!<msub>)(?<!<msup>)(<mi>(?:log|ln|exp)</mi>)(?!<mo[^>]*>(?:&#x00028;|\[))",
        r'\1<mspace width="0.17em" />',
    ),
    (r"(<msub><mi>log</mi>.{0,99}?</msub>)", r'\1<mspace width="0.17em" />'),
    # and what stands before it
    (
        r"(<mo[^>]*>&#x00029;</mo>|<mi>.</mi>)(?=<mi>(?:log|ln|exp)</mi>)",
        r'\1<mspace width="0.17em" />',
    ),
)
"""Spaces as TeX sets them."""
NOT_DRAWN = re.compile(r"\\|<mi>&</mi>|linebreak|mathvariant=\"(?!normal)")
"""What the converter leaves of TeX it does not know, or browsers do not draw."""


def markup(tex: str, display: str) -> str:
    """The formula as MathML. Raises `SphinxError` if something in it cannot be drawn."""
    known = tex
    for found, put in REPLACED:
        known = re.sub(found, put, known)
    try:
        made: str = convert(known, display=display)
    except Exception as error:
        raise SphinxError(f"this formula cannot be drawn: {tex!r}: {error!r}") from error
    for found, put in SPACED:
        made = re.sub(found, put, made)
    if left := NOT_DRAWN.search(made):
        raise SphinxError(f"this formula cannot be drawn: {tex!r}: {made[left.start() :][:60]!r}")
    return made


def visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(markup(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    name = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    translator.body.append(f'<div class="math-block"{name}>{markup(node.astext(), "block")}')
    if number := node.get("number"):
        translator.body.append(f'<span class="eqno">({number})</span>')
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
