"""Which kind of notebook a text is that is no JSON, and its cells: an export, a script, Markdown with code."""

import re
import warnings
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import jupytext

from grader.intake import databricks, marimo
from grader.intake.colab_export import cells_of_script, is_colab, is_marked
from grader.intake.merges import RESOLVE, SAID, has_marks, versions
from grader.intake.notes import AGAIN, Notes, Unreadable
from grader.intake.refusals import other_text, reads_like_python

SCRIPT_LIMIT = 5 * 1024**2  # characters; a text may have pictures in it
LINES_LIMIT = 20_000  # looking for the ends of cells takes seconds beyond
_CHUNKS_LIMIT = 500

_CHUNK = re.compile(r"^[ \t]*(?:```+|~~~+|:::+)[ \t]*(?P<info>\S[^\n]*)$", re.MULTILINE)
_MYST = re.compile(r"\{code(-cell)?\}")
_KNITR = re.compile(r"\{(python|py|ipython)\d?\b")
_FENCE = re.compile(r"(i?python|py)\d?\b", re.IGNORECASE)
_OTHER_CHUNK = re.compile(r"%%(R|julia|ojs|sql|stata|sas|mermaid|dot)\b")  # as jupytext marks them
_FRONT_MATTER = re.compile(r"\A---\n.*?\n(---|\.\.\.)\n", re.DOTALL)

COLAB = "The file is a script that Colab exported. It does not say where cells end: each paragraph was run as a cell."
MARKED = "The file is a script with marks between its cells; it was read as a notebook."
PLAIN = "The file is a plain Python script; each of its paragraphs was run as a cell."
MARKDOWN = "The file is a document with chunks of Python (Quarto, R Markdown, MyST); the chunks were run as cells."
MARIMO = "The file is a marimo notebook; its cells were run in the order in which they need each other."
DATABRICKS = "The file is a notebook that Databricks exported; it was read as one."

Raw = dict[str, Any]


def text_notebook(text: str, path: PurePath, notes: Notes) -> Raw:
    text = _unmerged(text.replace("\r\n", "\n").replace("\r", "\n"), notes)
    if len(text) > SCRIPT_LIMIT or text.count("\n") > LINES_LIMIT:
        raise Unreadable(f"The file is a text of more than {LINES_LIMIT} lines, too long for a notebook. {AGAIN}")
    for said, read in _READERS:
        if (raw := read(text)) is not None:
            notes.repairs.append(said)
            return raw
    if reads_like_python(text, is_script=path.suffix.lower() == ".py"):
        notes.repairs.append(PLAIN)
        return {"cells": cells_of_script(text)}
    raise Unreadable(other_text(text))


def _unmerged(text: str, notes: Notes) -> str:
    sides = versions(text) if has_marks(text) else None
    if sides is None:
        return text
    notes.lose(f"The file {SAID}. Of its two versions the first was run, without what is in the other. {RESOLVE}")
    return sides[0]


def _databricks(text: str) -> Raw | None:
    return {"cells": list(databricks.cells_of_source(text))} if text.startswith(databricks.HEADER) else None


def _marimo(text: str) -> Raw | None:
    if not marimo.is_marimo(text):
        return None
    try:
        return {"cells": marimo.cells_of_marimo(text)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _colab(text: str) -> Raw | None:
    return {"cells": cells_of_script(text)} if is_colab(text) else None


def _marked(text: str) -> Raw | None:
    return {"cells": cells_of_script(text)} if is_marked(text) else None


def _markdown(text: str) -> Raw | None:
    """As jupytext reads it; which of its three formats, the chunks tell."""
    chunks = [chunk["info"] for chunk in _CHUNK.finditer(text)]
    if len(chunks) > _CHUNKS_LIMIT:
        raise Unreadable(f"The file has more than {_CHUNKS_LIMIT} chunks of code, so no person wrote it. {AGAIN}")
    forms = (("md:myst", _MYST), ("Rmd", _KNITR), ("md", _FENCE))
    form = next((name for name, mark in forms if any(mark.match(chunk) for chunk in chunks)), None)
    if form is None:
        return None
    for part in (text, _FRONT_MATTER.sub("", text)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of metadata that it would not write
                raw: Raw = jupytext.reads(part, fmt=form)
        except Exception:  # what stands at the top is YAML, which may be anything
            continue
        for cell in raw["cells"]:
            if _OTHER_CHUNK.match(cell["source"]):
                cell["cell_type"] = "raw"
        return raw
    return None


_READERS: tuple[tuple[str, Callable[[str], Raw | None]], ...] = (
    (DATABRICKS, _databricks),
    (MARIMO, _marimo),
    (COLAB, _colab),
    (MARKED, _marked),
    (MARKDOWN, _markdown),
)
