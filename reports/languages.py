"""In which language pages and terminals speak: English as it is written in the source, another by its catalogue."""

from collections.abc import Iterator, Sequence
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
CATALOGUES = Path(__file__).parent / "locale"


class Catalogue(GNUTranslations):
    """Of one language: words of pages are looked up as they stand, sentences also by what fills their placeholders."""

    def __init__(self, files: Sequence[Path]) -> None:
        """The first is ours, others a course's; what stands in several is as in the last."""
        super().__init__(BytesIO(files[0].read_bytes()))
        self.pairs = {english: other for file in files for english, other in unpacked(file.read_bytes()).items()}
        self.sentences = Sentences({text: other for text, other in self.pairs.items() if text and PLURAL not in text})


_language = ContextVar("language", default=ENGLISH)
_course: ContextVar[Path | None] = ContextVar("course", default=None)
_catalogue: ContextVar[Catalogue | None] = ContextVar("catalogue", default=None)


def languages() -> tuple[str, ...]:
    return (ENGLISH, *sorted(path.parts[-3] for path in CATALOGUES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")))


def speak(language: str, course: Path | None = None) -> None:
    """From here on; one of `languages()`. `course`: a folder that may hold a catalogue of its own sentences."""
    _language.set(language)
    _course.set(course)
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
    course = _course.get()
    own = course / "locale" / place(language) if course else None
    files = (CATALOGUES / place(language), *([own] if own and own.is_file() else []))
    return _read(files, tuple(file.stat().st_mtime_ns for file in files))


@lru_cache(8)
def _read(files: tuple[Path, ...], written: tuple[int, ...]) -> Catalogue:
    return Catalogue(files)


def place(language: str) -> Path:
    """Of a catalogue in the folder of all."""
    return Path(language, "LC_MESSAGES", f"{DOMAIN}.mo")


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
