"""How a page is put together: one template folder, everything escaped unless sanitised, nothing fetched, no script."""

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from grader.wording.counting import quantity
from reports import scrub, words
from reports.languages import gettext, language, ngettext, parts, translated

_QUOTED_CODE = re.compile(r"`([^`\n]{1,120})`")


def told(text: str) -> Markup:
    """A sentence of ours in the language of the page, escaped, and marked where it is still English."""
    said = ((quoted(part), foreign) for part, foreign in parts(text))
    return Markup().join(
        Markup('<span lang="en">{}</span>').format(part) if foreign else part for part, foreign in said
    )


def quoted(text: str) -> Markup:
    """As a person wrote it, escaped; what stands between backticks is set as code."""
    return Markup(_QUOTED_CODE.sub(r"<code>\1</code>", str(escape(scrub.said(text)))))


def said(text: str) -> str:
    """A sentence of ours where no marks can stand, as in an attribute."""
    return scrub.said(translated(text))


def titled(text: str) -> str:
    """The title of a lab, on one line."""
    return scrub.name(translated(text))


_PAGES = Environment(
    loader=PackageLoader("reports", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
_PAGES.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # by the extension
_PAGES.policies["ext.i18n.trimmed"] = True
_PAGES.globals["words"] = words
_PAGES.globals["quantity"] = quantity
_PAGES.globals["language"] = language
_PAGES.filters["told"] = told
_PAGES.filters["name"] = scrub.name
_PAGES.filters["quoted"] = quoted
_PAGES.filters["said"] = said
_PAGES.filters["titled"] = titled
_PAGES.filters["capital"] = lambda text: text[:1].upper() + text[1:]


def page(template: str, **values: Any) -> str:
    return _PAGES.get_template(template).render(**values)
