"""How a page is put together: one template folder, everything escaped unless sanitised, nothing fetched, no script."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports import scrub, words

_PAGES = Environment(
    loader=PackageLoader("reports", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.globals["words"] = words
_PAGES.filters["said"] = scrub.said
_PAGES.filters["name"] = scrub.name
_PAGES.filters["capital"] = lambda text: text[:1].upper() + text[1:]


def page(template: str, **values: Any) -> str:
    return _PAGES.get_template(template).render(**values)
