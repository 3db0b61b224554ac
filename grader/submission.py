"""What a file handed in holds: its cells, a sentence for each repair, or why it cannot be read."""

import hashlib
import json
import re
from pathlib import PurePath
from typing import Any

import nbformat
from msgspec import Struct, structs

from grader.cell_names import first_line
from grader.counting import quantity
from grader.intake.colab_export import cells_of_script
from grader.model import Cell
from grader.repair import syntax_tree, without_invisible_characters

SIZE_LIMIT = 50 * 1024**2
AGAIN = "Open it in Colab, choose File > Download > Download .ipynb, and hand that file in."

_TYPED_CELLS = 500  # a notebook with more was made by a machine, which pastes nothing
_KINDS = {"code": "code", "markdown": "markdown", "raw": "raw", "heading": "markdown", "html": "markdown"}
_MAGIC_BYTES = {
    b"PK\x03\x04": "a zip or office document",
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"{\\rtf": "a text document",
}
_WIDE = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_CELLS = re.compile(r'"cells"\s*:\s*\[\s*')
_BETWEEN_CELLS = re.compile(r"\s*,?\s*")


class Notebook(Struct, frozen=True):
    """A file's content without anything that depends on where it lay."""

    cells: tuple[Cell, ...] = ()
    repairs: tuple[str, ...] = ()
    fault: str | None = None  # then there are no cells
    content: str = ""  # sha256 of the bytes
    title: str = ""  # the file name Colab wrote into the metadata


class Unreadable(Exception):
    """Carries the sentence that becomes a fault; never leaves this module."""


def read_notebook(path: PurePath, data: bytes) -> Notebook:
    """Never raises, whatever the bytes are. `path` only tells a script from a notebook."""
    content = hashlib.sha256(data).hexdigest()
    repairs: list[str] = []
    try:
        text = _decoded(data, repairs)
        if path.suffix.lower() == ".py":
            raw: dict[str, Any] = {"cells": cells_of_script(text)}
        else:
            raw = _parsed(text, repairs)
        return _notebook(raw, repairs, content)
    except Unreadable as fault:
        return Notebook(fault=str(fault), content=content)
    except RecursionError:
        return Notebook(fault=f"The file is nested too deeply to be a notebook. {AGAIN}", content=content)


def unread(data: bytes, fault: str) -> Notebook:
    return Notebook(fault=fault, content=hashlib.sha256(data).hexdigest())


def _decoded(data: bytes, repairs: list[str]) -> str:
    if len(data) > SIZE_LIMIT:
        raise Unreadable(too_large(len(data)))
    if not data.strip():
        raise Unreadable(f"The file is empty. {AGAIN}")
    for start, what in _MAGIC_BYTES.items():
        if data.startswith(start):
            raise Unreadable(f"The file is {what}, not a notebook, whatever its name says. {AGAIN}")
    wide = _wide_encoding(data)
    if wide:
        repairs.append(f"The file was saved as {wide.upper()} instead of UTF-8; it was read as such.")
        return data.decode(wide, errors="replace").lstrip("\ufeff")
    if b"\0" in data:
        raise Unreadable(f"The file holds binary data, not a notebook. {AGAIN}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        repairs.append("The file is not proper UTF-8; it was read as Latin-1, so some letters may be wrong.")
        return data.decode("latin-1")


def _wide_encoding(data: bytes) -> str | None:
    for mark, name in _WIDE.items():
        if data.startswith(mark):
            return name
    if b"\0" in data[:2]:  # JSON starts with two ASCII characters
        return "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    return None


def too_large(size: int) -> str:
    return (
        f"The file has {size / 1024**2:.0f} MB; the limit is {SIZE_LIMIT // 1024**2} MB. "
        "Clear the outputs (Edit > Clear all outputs), save, and hand it in again."
    )


def _parsed(text: str, repairs: list[str]) -> dict[str, Any]:
    text = text.strip("\ufeff \t\r\n\0")
    if text.startswith("<<<<<<<") or "\n<<<<<<< " in text[:100_000]:
        raise Unreadable("The file holds the marks of an unresolved git merge (<<<<<<<). Resolve it and save again.")
    if text.startswith("<"):
        raise Unreadable(f"The file is a web page, not a notebook: the page was saved instead of the file. {AGAIN}")
    decoder = json.JSONDecoder(parse_int=_number)
    try:
        raw, end = decoder.raw_decode(text)
    except ValueError:
        return {"cells": _cells_before_the_cut(text, decoder, repairs)}
    if text[end:].strip("\0 \r\n\t"):
        repairs.append("There was text behind the end of the notebook; it was ignored.")
    if not isinstance(raw, dict) or not ("cells" in raw or "worksheets" in raw):
        raise Unreadable(f"The file is JSON but not a notebook: it has no list of cells. {AGAIN}")
    return raw


def _number(digits: str) -> int | float:
    """Integers beyond 64 bits mean nothing in a notebook, and some encoders refuse them."""
    return int(digits) if len(digits) < 19 else float(digits)


def _cells_before_the_cut(text: str, decoder: json.JSONDecoder, repairs: list[str]) -> list[Any]:
    start = _CELLS.search(text)
    cells: list[Any] = []
    place = start.end() if start else len(text)
    try:
        while place < len(text):
            cell, place = decoder.raw_decode(text, place)
            cells.append(cell)
            gap = _BETWEEN_CELLS.match(text, place)
            place = gap.end() if gap else place
    except ValueError:
        pass  # here the file is cut
    if not any(isinstance(cell, dict) and cell.get("cell_type") == "code" for cell in cells):
        raise Unreadable(f"The file is damaged or cut off: it is not valid JSON. {AGAIN}")
    read = "cell" if len(cells) == 1 else f"{len(cells)} cells"
    repairs.append(f"The file is cut off or damaged; only its first {read} could be read. {AGAIN}")
    return cells


def _notebook(raw: dict[str, Any], repairs: list[str], content: str) -> Notebook:
    if not isinstance(raw.get("cells"), list):
        raw = _upgraded(raw, repairs)
    metadata = _as_dict(raw.get("metadata"))
    cells = _cells(raw["cells"], repairs)
    if not any(cell.source.strip() for cell in cells):
        raise Unreadable(f"The notebook is empty: it has no cell with text. {AGAIN}")
    _check_language(metadata, cells, repairs)
    widgets = metadata.get("widgets")
    if widgets is not None and not all("state" in _as_dict(part) for part in _as_dict(widgets).values()):
        repairs.append("The saved state of widgets was incomplete, as Colab leaves it; it was left out.")
    title = _as_dict(metadata.get("colab")).get("name")
    return Notebook(
        cells=cells,
        repairs=tuple(dict.fromkeys(repairs)),
        content=content,
        title=_whole(title) if isinstance(title, str) else "",
    )


def _upgraded(raw: dict[str, Any], repairs: list[str]) -> dict[str, Any]:
    """A notebook of format 3 or older, in the form of today."""
    damaged = Unreadable(f"The notebook's list of cells is damaged. {AGAIN}")
    if not isinstance(raw.get("worksheets"), list):
        raise damaged
    old = {"metadata": {}, "nbformat_minor": 0, **raw, "nbformat": 3}
    try:
        new: dict[str, Any] = nbformat.convert(nbformat.from_dict(old), 4)
    except RecursionError:
        raise
    except Exception as error:  # nbformat trusts its input and fails in any way
        raise damaged from error
    repairs.append("The notebook was in an old format (nbformat 3); it was upgraded.")
    return new


def _cells(raw: list[Any], repairs: list[str]) -> tuple[Cell, ...]:
    sound = [cell for cell in raw if isinstance(cell, dict)]
    if len(sound) < len(raw):
        strays = quantity(len(raw) - len(sound), "entry", "entries")
        repairs.append(f"{strays} in the list of cells left out: no cells.")
    cells = tuple(_cell(index, cell, repairs) for index, cell in enumerate(sound))
    return tuple(_readable(cell, repairs) for cell in cells) if len(cells) <= _TYPED_CELLS else cells


def _cell(index: int, raw: dict[str, Any], repairs: list[str]) -> Cell:
    kind = _kind(raw)
    source = _source(raw.get("source", raw.get("input")))
    if kind is None:
        kind_there = str(raw.get("cell_type"))[:30]
        what = f'The cell that begins "{first_line(source)}"'
        repairs.append(f"{what} has an unknown type ({kind_there}); it was not run.")
    identity = _as_dict(raw.get("metadata")).get("id")
    outputs = raw.get("outputs")
    return Cell(
        index=index,
        kind=kind or "raw",
        source=source,
        colab_id=_whole(identity) if isinstance(identity, str) else None,
        outputs=tuple(_whole(o) for o in outputs if isinstance(o, dict)) if isinstance(outputs, list) else (),
    )


def _readable(cell: Cell, repairs: list[str]) -> Cell:
    repaired = without_invisible_characters(cell.source) if cell.kind == "code" else None
    if repaired is None:
        return cell
    what = f'The cell that begins "{first_line(repaired)}" held invisible characters from pasting'
    repairs.append(f"{what}, which Python refuses; removed.")
    return structs.replace(cell, source=repaired)


def _kind(raw: dict[str, Any]) -> str | None:
    kind = raw.get("cell_type")
    if isinstance(kind, str):
        return _KINDS.get(kind.strip().lower())
    return "code" if "outputs" in raw or "execution_count" in raw else None


def _source(raw: object) -> str:
    if isinstance(raw, list):
        raw = "".join(line for line in raw if isinstance(line, str))
    return _whole(raw) if isinstance(raw, str) else ""


def _whole(value: Any) -> Any:
    """The same value without half surrogate pairs, which no file or socket accepts later on."""
    if isinstance(value, str):
        return _HALF_CHARACTER.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(str(key)): _whole(item) for key, item in value.items()}
    return value


def _check_language(metadata: dict[str, Any], cells: tuple[Cell, ...], repairs: list[str]) -> None:
    kernel = _as_dict(metadata.get("kernelspec"))
    language = kernel.get("language") or _as_dict(metadata.get("language_info")).get("name")
    told = [word for word in (language, kernel.get("name")) if isinstance(word, str) and word.strip()]
    if not told or any("python" in word.lower() for word in told[:1]):
        return
    name = _whole(told[-1])[:40]
    if language is None and not re.match(r"(ir|julia|scala|octave|matlab|javascript|bash|sas|stata)\b", name.lower()):
        return  # a virtual environment's kernel may have any name
    if not any(_is_python(cell.source) for cell in cells if cell.kind == "code"):
        raise Unreadable(f"The notebook is written for another language (kernel '{name}') and holds no Python.")
    repairs.append(f"The notebook asks for the kernel '{name}'; it was run with Python.")


def _is_python(source: str) -> bool:
    """Something no other language's line would parse as; `x <- 3` alone is valid Python too."""
    return bool(re.search(r"^\s*(import|from|def|class)\s", source, re.MULTILINE)) and syntax_tree(source) is not None


def _as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
