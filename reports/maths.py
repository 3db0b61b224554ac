r"""Formulas as MathML, which browsers set and screen readers read without a script; ours and those of notebooks.

What a notebook holds between `$` is anybody's text: a formula is short, defines no commands of its own (they could
multiply without end), and whatever becomes of it goes through the sanitiser, as all of a notebook does.
"""

import re
from collections.abc import Sequence
from typing import Any

import nh3
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

LONGEST = 1_000  # characters of a formula
DEFINITION = re.compile(r"\\(?:re|provide)?(?:newcommand|newenvironment|def|gdef|edef|let)\b")
ROW = frozenset({"mrow", "mstyle", "mpadded", "mphantom", "menclose", "merror"})
LETTERS = frozenset({"mi", "mn", "mo", "ms", "mtext", "mspace"})
ABOVE = frozenset({"msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts"})
TAGS = frozenset({"math", "mfrac", "msqrt", "mroot", "mtable", "mtr", "mtd"}) | ROW | LETTERS | ABOVE
ATTRIBUTES = {
    "math": {"display"},
    "mi": {"mathvariant"},
    "mo": {"stretchy", "fence", "separator", "lspace", "rspace", "minsize", "maxsize", "movablelimits"},
    "mspace": {"width"},
    "mfrac": {"linethickness"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "mtable": {"columnalign", "columnspacing", "rowspacing", "displaystyle"},
    "mtd": {"columnalign"},
}


def mathml(latex: str, block: bool = False) -> str | None:
    """Not sanitised yet. None for what cannot be set."""
    text = " ".join(latex.split())
    if not text or len(text) > LONGEST or DEFINITION.search(text):
        return None
    try:
        return str(convert(text, display="block" if block else "inline"))
    except Exception:  # the library raises whatever a formula drives it to, RecursionError too
        return None


def formula(lines: str) -> Markup:
    """Equations, one a line; what cannot be set stands there as it was written."""
    return Markup("\n").join(map(equation, filter(str.strip, lines.splitlines())))


def equation(latex: str) -> Markup:
    found = mathml(latex, block=True)
    if found is None:
        return Markup('<pre class="latex">{}</pre>').format(latex)
    return Markup(nh3.clean(found, tags=set(TAGS), attributes=ATTRIBUTES, link_rel=None))


def with_formulas(markdown: MarkdownIt) -> MarkdownIt:
    """`$…$`, `$$…$$` and environments of amsmath, as Jupyter and Colab read them; $5 and $10 are prices."""
    dollarmath_plugin(markdown, allow_digits=False, allow_space=False, double_inline=True)
    amsmath_plugin(markdown)
    inside: dict[str, tuple[bool, str]] = {
        "math_inline": (False, "$"),
        "math_inline_double": (True, "$$"),
        "math_block": (True, "$$"),
        "math_block_label": (True, "$$"),
        "amsmath": (True, ""),
    }
    for name, (block, mark) in inside.items():
        markdown.add_render_rule(name, rule(block, mark))
    return markdown


def rule(block: bool, mark: str) -> Any:
    def rendered(_: Any, tokens: Sequence[Any], place: int, *__: Any) -> str:
        content = tokens[place].content
        if "`" in content:  # a price, and code behind it
            return str(escape(f"{mark}{content}{mark}"))
        return mathml(content, block) or f"<code>{escape(f'{mark}{content.strip()}{mark}')}</code>"

    return rendered
