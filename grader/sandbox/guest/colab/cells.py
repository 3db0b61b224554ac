"""Which notebook cell a piece of compiled code belongs to, and which line of it a traceback last touched."""

import ast
import linecache
import os
import re
import traceback
import types
from typing import Any

from .. import notes

MESSAGE_LIMIT = 500
FILE = re.compile(r"\s*%%(?:writefile|file)\s+(?!-a)(\S.*)")  # a cell that becomes a file, of code perhaps
TIMED = ("<timed exec>", "<timed eval>")  # %%time compiles its body under these names

_place: dict[str, tuple[int, int]] = {}  # file name -> cell index, lines that stand before it in the cell
_current: int | None = None
_source = ""


def install(shell: Any) -> None:
    """Follow the cells of an IPython shell; the host sends Cell.index as the cell id of each execute request."""
    cache = shell.compile.cache

    def remembering_cache(transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        name: str = cache(transformed_code, number, raw_code)
        if _current is not None:
            _place[name] = (_current, _lines_before(raw_code or transformed_code))
        return name

    shell.compile.cache = remembering_cache
    shell.events.register("pre_run_cell", _enter)
    shell.events.register("post_run_cell", _leave)


def cell_of(filename: str) -> int | None:
    """Cell.index of the cell compiled under this file name."""
    if filename in TIMED:
        return _current
    return _place[filename][0] if filename in _place else None


def locate(trace: types.TracebackType) -> tuple[int | None, int | None, str | None]:
    """Cell.index, line in the cell (from 1) and its text, for the last entry of a traceback that lies in a cell."""
    found: tuple[int | None, int | None, str | None] = (None, None, None)
    entry: types.TracebackType | None = trace
    while entry is not None:
        filename = entry.tb_frame.f_code.co_filename
        if filename in _place:
            index, before = _place[filename]
            found = (index, entry.tb_lineno + before, linecache.getline(filename, entry.tb_lineno).strip() or None)
        elif filename in TIMED and _current is not None:
            found = (_current, entry.tb_lineno + 1, _line(_source, entry.tb_lineno + 1))
        entry = entry.tb_next
    return found


def stopped_at(trace: types.TracebackType) -> tuple[ast.stmt | None, str]:
    """The statement at the top of a cell in which this traceback begins, and what stands below it."""
    for frame, line in traceback.walk_tb(trace):
        if frame.f_code.co_filename in _place:
            lines = linecache.getlines(frame.f_code.co_filename)
            for statement in ast.parse("".join(lines)).body:
                if statement.end_lineno is not None and statement.end_lineno >= line:
                    return statement, "".join(lines[statement.end_lineno :])
    return None, ""


def _enter(info: Any) -> None:
    global _current, _source
    if info.cell_id is not None and str(info.cell_id).isdigit():  # cells run inside a cell (%%capture) have none
        _current, _source = int(info.cell_id), info.raw_cell
        if match := FILE.match(info.raw_cell):
            _place[os.path.abspath(match[1].strip().strip("'\""))] = (_current, 1)


def _leave(result: Any) -> None:
    from . import excuses  # noqa: PLC0415 - it imports us

    error = result.error_before_exec or result.error_in_exec
    if error is None or _current is None:
        return
    where = (None, None, None) if error.__traceback__ is None else locate(error.__traceback__)
    if isinstance(error, SyntaxError) and error.lineno:
        where = (_current, error.lineno, (error.text or "").strip() or None)
    notes.trouble(_current, type(error).__name__, _message(error), where, excuses.excuse_of(error))


def _message(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # a student's own exception may not be printable
        return ""
    return text[:MESSAGE_LIMIT]


def _lines_before(source: str) -> int:
    """A cell magic hands on the rest of its cell: count what stands above, so that lines are those of the notebook."""
    if source == _source or not _source.endswith(source):
        return 0
    return _source[: -len(source)].count("\n")


def _line(source: str, number: int) -> str | None:
    lines = source.splitlines()
    return lines[number - 1].strip() if 0 < number <= len(lines) else None
