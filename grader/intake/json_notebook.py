"""The raw cells of a notebook in JSON: sound, of an old format, in the midst of a merge, damaged or cut off."""

import json
import re
from collections.abc import Sequence
from typing import Any

import nbformat
from msgspec import Struct

from grader.intake.databricks import exported
from grader.intake.merges import RESOLVE, SAID, has_marks, versions
from grader.intake.notes import AGAIN, Notes, Unreadable
from grader.intake.refusals import reads_like_python

VALUES_LIMIT = 1_000_000  # commas and opening brackets outside of strings; each may take 200 bytes when it is read
FAILURES_LIMIT = 200  # an error counts the lines before it, so that each takes milliseconds in a long file

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_OPENING = re.compile(r"\s*(?:\{|\[\s*[\[\]{\"\d-])")
_CELL_TYPE = re.compile(r'"cell_type"\s*:\s*"(?:code|markdown)"')
_CELLS = re.compile(r'"cells"\s*:\s*\[\s*')
_BETWEEN_CELLS = re.compile(r"\s*,?\s*")
_END_OF_CELLS = re.compile(r"\s*,?\s*\]")
_CELL = re.compile(r'\{\s*"(?:cell_type|source|input|metadata|id|execution_count|outputs|attachments)"\s*:')

Raw = dict[str, Any]


class Rescued(Struct, frozen=True):
    """What could be read of a damaged list of cells."""

    cells: tuple[Raw, ...]
    gaps: int  # places before or between them that could not
    complete: bool  # the list's own end was reached, with no gap before it


def is_json(text: str) -> bool:
    """Whether it is, or was before it was damaged; the start may be lost, or be the mark of a merge."""
    if _OPENING.match(text):
        return True
    cells = bool(_CELL_TYPE.search(text)) or (has_marks(text) and bool(_CELLS.search(text)))
    return cells and not reads_like_python(text, is_script=False)


def json_notebook(text: str, notes: Notes) -> Raw:
    text = text.strip("\ufeff \t\r\n\0")
    _insist_on_few_values(text)
    decoder = json.JSONDecoder(parse_int=_number)
    try:
        raw, end = decoder.raw_decode(text)
    except ValueError:
        return _merged(text, decoder, notes) if has_marks(text) else _rescued(text, decoder, notes)
    if text[end:].strip("\0 \r\n\t"):
        notes.repairs.append("There was text after the end of the notebook; it was ignored.")
    return _with_cells(raw, notes)


def _insist_on_few_values(text: str) -> None:
    if _values(text) > VALUES_LIMIT and _values(_STRING.sub("", text)) > VALUES_LIMIT:
        raise Unreadable(
            f"The file holds more than {VALUES_LIMIT:,} values, which no notebook needs. "
            "Clear the outputs (Edit > Clear all outputs), save, and hand it in again."
        )


def _values(text: str) -> int:
    return sum(text.count(sign) for sign in ",[{")


def _number(digits: str) -> int | float:
    """Integers beyond 64 bits mean nothing in a notebook, and some encoders refuse them."""
    return int(digits) if len(digits) < 19 else float(digits)


def _with_cells(raw: Any, notes: Notes) -> Raw:
    if isinstance(raw, dict):
        if isinstance(raw.get("cells"), list):
            return raw
        if "cells" in raw or "worksheets" in raw:
            return _upgraded(raw, notes)
        if "doc_id" in raw or set(raw) == {"url"}:
            raise Unreadable(f"The file is a shortcut to a document in Google Drive, not the notebook. {AGAIN}")
        if (other := exported(raw)) is not None:
            notes.repairs.append("The file is a notebook of Databricks or Zeppelin; its paragraphs were read as cells.")
            return other
    raise Unreadable(f"The file is JSON but not a notebook: it has no list of cells. {AGAIN}")


def _upgraded(raw: Raw, notes: Notes) -> Raw:
    """A notebook of format 3 or older, in the form of today."""
    damaged = Unreadable(f"The notebook's list of cells is damaged. {AGAIN}")
    if not isinstance(raw.get("worksheets"), list):
        raise damaged
    old = {"metadata": {}, "nbformat_minor": 0, **raw, "nbformat": 3}
    try:
        new: Raw = nbformat.convert(nbformat.from_dict(old), 4)
    except RecursionError:
        raise
    except Exception as error:  # nbformat trusts its input and fails in any way
        raise damaged from error
    notes.repairs.append("The notebook was in an old format (nbformat 3); it was upgraded.")
    return new


def _merged(text: str, decoder: json.JSONDecoder, notes: Notes) -> Raw:
    """Both versions where each is a notebook, one where only one is, else the cells without marks."""
    sound = [raw for side in versions(text) or () if (raw := _notebook_of(side, decoder)) is not None]
    if not sound:
        rescued = _rescue(text, decoder)
        _insist_on_code(rescued.cells, f"The file {SAID}, so it is no valid notebook. {RESOLVE}")
        notes.lose(f"The file {SAID}. Cells with such marks could not be read, the others were run. {RESOLVE}")
        return {"cells": list(rescued.cells)}
    first, second = ([cell.get("source") for cell in _dicts(raw["cells"])] for raw in (sound[0], sound[-1]))
    if len(sound) == 2 and first == second:
        notes.repairs.append(f"The file {SAID}, but both versions have the same cells, so nothing is lost. {RESOLVE}")
    else:
        notes.lose(f"The file {SAID}. Of its two versions one was run, and it may lack what is in the other. {RESOLVE}")
    return sound[0]


def _notebook_of(text: str, decoder: json.JSONDecoder) -> Raw | None:
    try:
        raw, _ = decoder.raw_decode(text)
    except ValueError:
        return None
    return raw if isinstance(raw, dict) and isinstance(raw.get("cells"), list) else None


def _rescued(text: str, decoder: json.JSONDecoder, notes: Notes) -> Raw:
    rescued = _rescue(text, decoder)
    _insist_on_code(rescued.cells, f"The file is damaged or cut off: it is not valid JSON. {AGAIN}")
    number = len(rescued.cells)
    if rescued.complete:
        notes.repairs.append(f"The file is damaged after its cells; all {number} of them could be read.")
    elif rescued.gaps:
        notes.lose(f"The file is damaged: {number} cells could be read, others are lost. {AGAIN}")
    else:
        first = "cell" if number == 1 else f"{number} cells"
        notes.lose(f"The file is cut off or damaged; only its first {first} could be read. {AGAIN}")
    return {"cells": list(rescued.cells)}


def _insist_on_code(cells: Sequence[Raw], fault: str) -> None:
    if not any(cell.get("cell_type") == "code" for cell in cells):
        raise Unreadable(fault)


def _rescue(text: str, decoder: json.JSONDecoder) -> Rescued:
    """Every cell that is whole. What fails is never read twice: the search goes on where reading stopped."""
    start = _CELLS.search(text)
    place = start.end() if start else 0
    cells: list[Raw] = []
    failures: set[int] = set()  # how many cells had been read at each
    left = FAILURES_LIMIT
    while left and (opening := _CELL.search(text, place)):
        if not _BETWEEN_CELLS.fullmatch(text, place, opening.start()):
            failures.add(len(cells))
        try:
            value, place = decoder.raw_decode(text, opening.start())
        except json.JSONDecodeError as error:
            failures.add(len(cells))
            left -= 1
            place = max(error.pos, opening.start() + 1)
            continue
        if "cell_type" in value and ("source" in value or "input" in value):
            cells.append(value)
    gaps = sum(before < len(cells) for before in failures)
    return Rescued(tuple(cells), gaps, not failures and bool(_END_OF_CELLS.match(text, place)))


def _dicts(values: Sequence[Any]) -> list[Raw]:
    return [value for value in values if isinstance(value, dict)]
