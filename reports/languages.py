"""In which language pages speak: English as it stands in the source, another where there is a catalogue of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

ENGLISH = "en"
DOMAIN = "grader"
CATALOGUES = Path(__file__).parent / "locale"  # <language>/LC_MESSAGES/grader.mo

_language = ContextVar("language", default=ENGLISH)
_catalogue: ContextVar[NullTranslations | None] = ContextVar("catalogue", default=None)


def languages() -> tuple[str, ...]:
    return (ENGLISH, *sorted(path.parts[-3] for path in CATALOGUES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Pages that are rendered inside speak this language, which has to be one of `languages()`."""
    catalogue = None
    if language != ENGLISH:
        with (CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
            catalogue = GNUTranslations(file)
    tokens = _language.set(language), _catalogue.set(catalogue)
    try:
        yield
    finally:
        _language.reset(tokens[0])
        _catalogue.reset(tokens[1])


def language() -> str:
    return _language.get()


def gettext(text: str) -> str:
    catalogue = _catalogue.get()
    return catalogue.gettext(text) if catalogue else text


def ngettext(one: str, many: str, count: int) -> str:
    catalogue = _catalogue.get()
    if catalogue:
        return catalogue.ngettext(one, many, count)
    return one if count == 1 else many
