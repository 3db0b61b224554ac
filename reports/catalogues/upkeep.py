"""Keeps the catalogues: every sentence that is said stands in each, and what is compiled is what is written.

A sentence that is new has no translation, one that is no longer said is taken out, and none is carried over to another
that merely looks like it. Dates and numbers of lines are left out, so that a catalogue changes when a sentence does.
"""

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from grader.intake.whole_files import write_whole
from reports.catalogues.sources import Sentence, everything
from reports.compiled import PLURAL, packed
from reports.languages import CATALOGUES, place

_HEADER = "# {} of what the grader says. docs/languages.md tells how it is kept."
_DATES = re.compile(
    rb'^"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Project-Id-Version|Report-Msgid-Bugs-To|Last-Translator'
    rb"|Language-Team): .*\n",
    re.MULTILINE,
)
_PLURALS = "nplurals=2; plural=(n != 1);"  # of every language we have; the millions of Spanish are none of ours
_PLACE = re.compile(r"\{\w*\}|%\(\w+\)s|`[^`]*`|<[^>]*>")


def written(language: str) -> Path:
    return (CATALOGUES / place(language)).with_suffix(".po")


def kept() -> list[str]:
    """Languages that have a catalogue."""
    return sorted(path.parts[-3] for path in CATALOGUES.glob("*/LC_MESSAGES/*.po"))


def extracted(language: str) -> Catalog:
    """All that is said, without a translation."""
    catalog = Catalog(language, header_comment=_HEADER.format(language), fuzzy=False)
    catalog.mime_headers = [("Plural-Forms", _PLURALS)]
    for sentence in everything():
        add(catalog, sentence)
    return catalog


def add(catalog: Catalog, sentence: Sentence) -> None:
    about = [sentence.role] if sentence.role else []
    message = catalog.add(sentence.english, locations=[(sentence.file, 0)], auto_comments=about)
    message.flags.discard("python-brace-format" if sentence.percent else "python-format")


def read(language: str) -> Catalog:
    with written(language).open("rb") as file:
        return read_po(file, language)


def updated(language: str) -> Catalog:
    """As extracted, with the translations that are there."""
    catalog = extracted(language)
    known = read(language) if written(language).exists() else catalog
    for message in messages(catalog):
        before = known.get(message.id)
        if before is not None and not before.fuzzy:
            message.string = before.string
    return catalog


def messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def as_written(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, catalog, width=120, include_lineno=False)
    return _DATES.sub(b"", file.getvalue())


def compiled(catalog: Catalog) -> bytes:
    """Without what nobody has translated yet, which stays English."""
    head = f"Content-Type: text/plain; charset=utf-8\nPlural-Forms: {_PLURALS}\n"
    done = (message for message in messages(catalog) if is_translated(message) and not message.fuzzy)
    return packed({"": head, **{PLURAL.join(texts(one.id)): PLURAL.join(texts(one.string)) for one in done}})


def keep(language: str) -> tuple[int, int]:
    """Writes both forms; how many sentences there are, and how many still wait for a translation."""
    catalog = updated(language)
    write_whole(written(language), as_written(catalog))
    write_whole(written(language).with_suffix(".mo"), compiled(read(language)))
    every = [*messages(catalog)]
    return len(every), sum(not is_translated(message) for message in every)


def is_translated(message: Message) -> bool:
    return all(texts(message.string)) and bool(message.string)


def faults(message: Message) -> Iterator[str]:
    """What a translation lost, or added, of its placeholders, tags and quoted code."""
    originals, strings = texts(message.id), texts(message.string)
    marks = [sorted(_PLACE.findall(text)) for text in originals]
    for text in strings:
        if sorted(_PLACE.findall(text)) not in marks:
            yield f"{originals[0]!r}: {text!r}"


def texts(one: str | Sequence[str] | None) -> tuple[str, ...]:
    return (one,) if isinstance(one, str) else tuple(one or ())
