"""The cells of a raw notebook as we keep them: sources mended, of outputs what is read later, within limits."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import structs

from grader.intake.merges import RESOLVE, SAID, versions
from grader.intake.notes import Notes, Unreadable
from grader.intake.repair import compiles, without_invisible_characters
from grader.model import Cell
from grader.wording.cell_names import first_line

CELLS_LIMIT = 2000
CODE_LIMIT = 10 * 1024**2  # characters
OUTPUT_LIMIT = 400_000  # characters of printed text kept of a notebook: what its learning curves are read from

_LONGEST_TEXT = 100_000  # a text cell with a picture in it may have megabytes; no page shows them
_TYPED_CELLS = 500  # a notebook with more was made by a machine, which pastes nothing
_OVERHEAD = 200  # of an output, however short its text
_KINDS = {"code": "code", "markdown": "markdown", "raw": "raw", "heading": "markdown", "html": "markdown"}
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")

Raw = dict[str, Any]


def cells_of(raw: Sequence[Any], notes: Notes) -> tuple[Cell, ...]:
    """Their index is their place in the file. Raises Unreadable where there are too many."""
    sound = [cell for cell in raw if isinstance(cell, dict)]
    if len(sound) < len(raw):
        notes.repairs.append(f"{len(raw) - len(sound)} entries in the list of cells were no cells; they were left out.")
    cells = tuple(_cells(sound, notes))
    number = sum(bool(cell.source.strip()) for cell in cells)
    if number > CELLS_LIMIT or sum(len(cell.source) for cell in cells if cell.kind == "code") > CODE_LIMIT:
        raise Unreadable(
            f"The notebook has more than {CELLS_LIMIT} cells, or more than {CODE_LIMIT // 1024**2} MB of code, "
            "which no person writes. Hand in the notebook of the lab, without data in its cells."
        )
    mended = (_mended(cell, notes) for cell in cells) if number <= _TYPED_CELLS else cells
    return tuple(mended)


def whole(text: str) -> str:
    """The same without half surrogate pairs, which no file or socket accepts later on."""
    return _HALF_CHARACTER.sub("\ufffd", text)


def as_dict(value: object) -> Raw:
    return value if isinstance(value, dict) else {}


def _cells(sound: Sequence[Raw], notes: Notes) -> Iterator[Cell]:
    room = OUTPUT_LIMIT
    joined = written = 0
    for index, raw in enumerate(sound):
        source, lost_ends = _source(raw.get("source", raw.get("input")), raw.get("cell_type") == "code")
        if not source.strip() and index >= CELLS_LIMIT:
            continue
        written += bool(source.strip())
        if written > CELLS_LIMIT + 1:
            return
        joined += lost_ends
        outputs = tuple(_kept(raw.get("outputs"), room))
        room -= sum(map(_size, outputs))
        yield _cell(index, raw, source, outputs, notes)
    if joined:
        where = "one cell" if joined == 1 else f"{joined} cells"
        notes.repairs.insert(0, f"The lines of {where} had lost their line ends, which were put back.")


def _cell(index: int, raw: Raw, source: str, outputs: tuple[Raw, ...], notes: Notes) -> Cell:
    kind = _kind(raw)
    if kind is None:
        named = whole(str(raw.get("cell_type"))[:30])
        what = f'The cell that begins "{first_line(source)}"'
        notes.repairs.append(f"{what} has an unknown type ({named}); it was not run.")
    identity = as_dict(raw.get("metadata")).get("id")
    return Cell(
        index=index,
        kind=kind or "raw",
        source=source if kind == "code" else source[:_LONGEST_TEXT],
        colab_id=whole(identity[:100]) if isinstance(identity, str) else None,
        outputs=outputs,
    )


def _kind(raw: Raw) -> str | None:
    kind = raw.get("cell_type")
    if isinstance(kind, str):
        return _KINDS.get(kind.strip().lower())
    return "code" if "outputs" in raw or "execution_count" in raw else None


def _source(raw: object, is_code: bool) -> tuple[str, bool]:
    """The text, and whether its lines had lost their ends: they are ["a = 1\\n", "b = 2"] where they have not."""
    if isinstance(raw, str):
        return whole(raw), False
    lines = [line for line in raw if isinstance(line, str)] if isinstance(raw, list) else []
    plain, ended = whole("".join(lines)), whole("\n".join(line.removesuffix("\n") for line in lines))
    open_lines = sum(not line.endswith("\n") for line in lines[:-1])
    if not open_lines or not plain.strip():
        return plain, False
    every = open_lines == len(lines) - 1
    if is_code and every == compiles(plain) and every != compiles(ended):
        return plain, False  # pieces of lines, as no editor that we know writes them
    return (ended, True) if every or (is_code and compiles(ended)) else (plain, False)


def _kept(outputs: object, room: int) -> Iterator[Raw]:
    """Printed text, and that there was a picture; nothing else of what was handed in is read again."""
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict) or room <= 0:
            continue
        data = output.get("data")
        if isinstance(data, dict):
            pictures = {whole(kind[:40]): "" for kind in data if kind.startswith("image/")}
            text = {"text/plain": _text(data["text/plain"])[:room]} if "text/plain" in data else {}
            kept: Raw = {"output_type": "display_data", "data": {**text, **pictures}}
        elif text_there := _text(output.get("text")):
            name = _text(output.get("name"))[:20]
            kept = {"output_type": "stream", "name": name, "text": text_there[:room]}
        else:
            continue
        room -= _size(kept)
        yield kept


def _text(value: object) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return whole(value) if isinstance(value, str) else ""


def _size(output: Raw) -> int:
    return _OVERHEAD + len(output.get("text", "")) + sum(40 + len(text) for text in output.get("data", {}).values())


def _mended(cell: Cell, notes: Notes) -> Cell:
    if cell.kind != "code":
        return cell
    sides = versions(cell.source)
    if sides and not compiles(cell.source):
        what = f'The cell that begins "{first_line(sides[0])}"'
        notes.lose(f"{what} {SAID}. Of its two versions the first was run, without what is in the other. {RESOLVE}")
        return structs.replace(cell, source=sides[0])
    repaired = without_invisible_characters(cell.source)
    if repaired is None:
        return cell
    what = f'The cell that begins "{first_line(repaired)}" held invisible characters from pasting'
    notes.repairs.append(f"{what}, which Python refuses; removed.")
    return structs.replace(cell, source=repaired)
