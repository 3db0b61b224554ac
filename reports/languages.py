"""In which language pages and terminals speak: English as it is written in the source, another by its catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from reports.compiled import PLURAL, unpacked
from reports.sentences import BOUND, Sentences, is_english, joined

ENGLISH = "en"
DOMAIN = "grader"
CATALOGUES = Path(__file__).parent / "locale"  # <language>/LC_MESSAGES/grader.mo


class Catalogue(GNUTranslations):
    """Of one language: words of pages are looked up as they stand, sentences also by what fills their placeholders."""

    def __init__(self, file: Path) -> None:
        content = file.read_bytes()
        super().__init__(BytesIO(content))
        held = unpacked(content).items()
        self.sentences = Sentences({english: other for english, other in held if english and PLURAL not in english})


_language = ContextVar("language", default=ENGLISH)
_catalogue: ContextVar[Catalogue | None] = ContextVar("catalogue", default=None)


def languages() -> tuple[str, ...]:
    return (ENGLISH, *sorted(path.parts[-3] for path in CATALOGUES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


def speak(language: str) -> None:
    """From here on; one of `languages()`."""
    _language.set(language)
    _catalogue.set(catalogue_of(language))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Pages that are rendered inside speak this language, which has to be one of `languages()`."""
    tokens = _language.set(language), _catalogue.set(catalogue_of(language))
    try:
        yield
    finally:
        _language.reset(tokens[0])
        _catalogue.reset(tokens[1])


def catalogue_of(language: str) -> Catalogue | None:
    if language == ENGLISH:
        return None
    file = CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(8)
def _read(file: Path, written: int) -> Catalogue:
    return Catalogue(file)


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


def translated(sentence: str) -> str:
    """A sentence of ours that is written in English, as far as the catalogue knows it."""
    catalogue = _catalogue.get()
    return catalogue.sentences.said(sentence).text if catalogue else sentence


def parts(text: str) -> list[tuple[str, bool]]:
    """Translated; of what the catalogue does not know it is told which parts are still English."""
    catalogue = _catalogue.get()
    if catalogue is None:
        return [(text, False)]
    if catalogue.sentences.said(text).known and not BOUND.search(text):
        return [(translated(text), False)]
    told = [catalogue.sentences.said(part) for part in joined(BOUND, text)]
    whole = catalogue.sentences.said(text)
    if whole.known > sum(said.known for said in told) or all(said.known for said in told[::2]):
        return [(whole.text, False)]
    return [(said.text, not said.known and is_english(said.text)) for said in told]
