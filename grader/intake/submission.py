"""What a file handed in holds: its cells, a sentence for each repair, or why it cannot be read."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from grader.intake.cells import as_dict, cells_of, whole
from grader.intake.decoding import SIZE_LIMIT, decoded, too_large
from grader.intake.json_notebook import is_json, json_notebook
from grader.intake.notes import AGAIN, Notes, Unreadable
from grader.intake.refusals import foreign
from grader.intake.repair import syntax_tree
from grader.intake.text_notebooks import text_notebook
from grader.intake.unrun import said_of_unrun_code
from grader.model import Cell

__all__ = ["SIZE_LIMIT", "Notebook", "read_notebook", "too_large", "unread"]

_DOWNLOADS = {".part", ".crdownload", ".partial", ".download", ".opdownload", ".filepart"}


class Notebook(Struct, frozen=True):
    """A file's content without anything that depends on where it lay."""

    cells: tuple[Cell, ...] = ()
    repairs: tuple[str, ...] = ()
    fault: str | None = None  # then there are no cells
    content: str = ""  # sha256 of the bytes
    title: str = ""  # the file name Colab wrote into the metadata
    warnings: tuple[str, ...] = ()  # those of the repairs that are told first
    damaged: bool = False  # cells were lost


def read_notebook(path: PurePath, data: bytes) -> Notebook:
    """Never raises, whatever the bytes are. What they are decides; the name only helps where they may be two things."""
    content = hashlib.sha256(data).hexdigest()
    notes = Notes()
    ending = path.suffix.lower()
    began = f"The download of this file was not finished ({ending}). " if ending in _DOWNLOADS else ""
    try:
        text = decoded(data, path, notes)
        if reason := foreign(text, path):
            raise Unreadable(reason)
        raw = json_notebook(text, notes) if is_json(text) else text_notebook(text, path, notes)
        return _notebook(raw, notes, content, began)
    except Unreadable as fault:
        return Notebook(fault=f"{began}{fault}", content=content)
    except RecursionError:
        return Notebook(fault=f"The file is nested too deeply to be a notebook. {AGAIN}", content=content)


def unread(data: bytes, fault: str) -> Notebook:
    return Notebook(fault=fault, content=hashlib.sha256(data).hexdigest())


def _notebook(raw: dict[str, Any], notes: Notes, content: str, began: str) -> Notebook:
    metadata = as_dict(raw.get("metadata"))
    cells = cells_of(raw["cells"], notes)
    if not any(cell.source.strip() for cell in cells):
        raise Unreadable(f"The notebook is empty: it has no cell with text. {AGAIN}")
    _check_language(metadata, cells, notes.repairs)
    widgets = metadata.get("widgets")
    if widgets is not None and not all("state" in as_dict(part) for part in as_dict(widgets).values()):
        notes.repairs.append("The saved state of widgets was incomplete, as Colab leaves it; it was left out.")
    if notes.damaged and began:
        notes.warnings.insert(0, began.strip())
    notes.warnings.extend(said_of_unrun_code(cells))
    title = as_dict(metadata.get("colab")).get("name")
    return Notebook(
        cells=cells,
        repairs=notes.all_repairs(),
        content=content,
        title=whole(title) if isinstance(title, str) else "",
        warnings=notes.all_warnings(),
        damaged=notes.damaged,
    )


def _check_language(metadata: dict[str, Any], cells: Sequence[Cell], repairs: list[str]) -> None:
    kernel = as_dict(metadata.get("kernelspec"))
    language = kernel.get("language") or as_dict(metadata.get("language_info")).get("name")
    told = [word for word in (language, kernel.get("name")) if isinstance(word, str) and word.strip()]
    if not told or any("python" in word.lower() for word in told[:1]):
        return
    name = whole(told[-1])[:40]
    if language is None and not re.match(r"(ir|julia|scala|octave|matlab|javascript|bash|sas|stata)\b", name.lower()):
        return  # a virtual environment's kernel may have any name
    if not any(_is_python(cell.source) for cell in cells if cell.kind == "code"):
        raise Unreadable(f"The notebook is written for another language (kernel '{name}') and holds no Python.")
    repairs.append(f"The notebook asks for the kernel '{name}'; it was run with Python.")


def _is_python(source: str) -> bool:
    """Something no other language's line would parse as; `x <- 3` alone is valid Python too."""
    return bool(re.search(r"^\s*(import|from|def|class)\s", source, re.MULTILINE)) and syntax_tree(source) is not None
