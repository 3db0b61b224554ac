"""What is kept of a cell's outputs: well-formed ones, all their bytes counted, up to a limit; and the last error.

Metadata are not kept, nor is any place of a display brought up to date but the last.
"""

import json
from collections.abc import Mapping
from typing import Any

from grader.sandbox.streams import NAMES, joined

Output = dict[str, Any]

ERROR_LIMIT = 50_000  # bytes of an error; it has a room of its own, so that what was printed before does not hide it
LINE_LIMIT = 5_000  # characters of one entry of its traceback
MESSAGE_LIMIT = 500  # characters of its message, which are kept in any case
ID_LIMIT = 100  # characters of a display's id
DISPLAYS = ("display_data", "execute_result")


class Showing:
    """One cell's, while it runs."""

    def __init__(self, room: int, for_error: int, limit: int) -> None:
        """`limit` is the whole notebook's, which is told where an output did not fit into `room`, in bytes of JSON."""
        self.size = self.error_size = 0
        self._room, self._for_error, self._limit = room, min(for_error, ERROR_LIMIT), limit
        self._empty()

    def outputs(self) -> tuple[Output, ...]:
        return tuple(joined(self._kept.values()))

    def hear(self, kind: str, content: Mapping[str, Any]) -> None:
        """A message of the kernel; what is no output is passed over."""
        if kind == "clear_output":
            self._clear_first = bool(content.get("wait"))
            if not self._clear_first:
                self._empty()
        elif kind == "error":
            self._fail(error(content, self._for_error))
        elif kind == "update_display_data":
            self._update(display_id(content), display("display_data", content))
        elif kind == "stream":
            self._print(content.get("name"), content.get("text"))
        elif kind in DISPLAYS and (output := display(kind, content)):
            place = self._add(output)
            if place is not None and (name := display_id(content)):
                self._places[name] = place

    def _empty(self) -> None:
        self._kept: dict[int, Output] = {}  # by numbers that rise
        self._next = 0
        self._places: dict[str, int] = {}  # the last of each display's id
        self._clear_first = self._cut = False
        self.size = 0

    def _print(self, name: Any, text: Any) -> None:
        if name not in NAMES or not isinstance(text, str):
            return
        output = {"output_type": "stream", "name": name, "text": storable(text)}
        if self._add(output, told=False) is None:
            around = measured({**output, "text": ""})
            if beginning := fitting(output["text"], self._room - self.size - around):
                self._add({**output, "text": beginning})
            self._tell()

    def _add(self, output: Output, told: bool = True) -> int | None:
        """Its number, or None where it does not fit."""
        if self._clear_first:
            self._empty()
        if self._fits(measured(output)):
            return self._append(output)
        if told:
            self._tell()
        return None

    def _fits(self, more: int) -> bool:
        if self.size + more > self._room:
            return False
        self.size += more
        return True

    def _append(self, output: Output) -> int:
        self._kept[self._next] = output
        self._next += 1
        return self._next - 1

    def _update(self, name: str, output: Output | None) -> None:
        place = self._places.get(name)
        if place is None or output is None:
            return
        output["output_type"] = self._kept[place]["output_type"]
        if self._fits(measured(output) - measured(self._kept[place])):
            self._kept[place] = output
        else:
            self._tell()

    def _fail(self, output: Output) -> None:
        if self._clear_first:
            self._empty()
        self._kept = {n: other for n, other in self._kept.items() if other["output_type"] != "error"}
        self._append(output)
        self.error_size = measured(output)

    def _tell(self) -> None:
        if not self._cut:
            self._cut = True
            text = f"\n[The rest of this output was left out: a notebook may show {self._limit // 1024} KB in all.]\n"
            self._append({"output_type": "stream", "name": "stderr", "text": text})


def display(kind: str, content: Mapping[str, Any]) -> Output | None:
    """What it shows by types, as texts; of a form that is none, as of JSON, the type alone is kept."""
    data = content.get("data")
    if not isinstance(data, Mapping):
        return None
    forms = {storable(mime): storable(value) if isinstance(value, str) else "" for mime, value in data.items()}
    return {"output_type": kind, "data": forms, "metadata": {}} if forms else None


def display_id(content: Mapping[str, Any]) -> str:
    """ "" where there is none that is kept."""
    transient = content.get("transient")
    name = transient.get("display_id") if isinstance(transient, Mapping) else None
    return name if isinstance(name, str) and len(name) <= ID_LIMIT else ""


def error(content: Mapping[str, Any], room: int) -> Output:
    """The last entries of the traceback, with the message and the innermost calls, as far as they fit."""
    name, message, trace = (content.get(part) for part in ("ename", "evalue", "traceback"))
    name, message = storable(str(name)[:100]), storable(str(message)[:MESSAGE_LIMIT])
    output = {"output_type": "error", "ename": name, "evalue": message}
    lines: list[str] = []
    for line in reversed(trace if isinstance(trace, list) else []):
        text = fitting(storable(str(line)[:LINE_LIMIT]), 2 * LINE_LIMIT)
        room -= measured(text)
        if room < 0:
            break
        lines.append(text)
    return {**output, "traceback": lines[::-1]}


def fitting(text: str, room: int) -> str:
    """Its beginning in so many bytes of JSON."""
    text = text[: max(room, 0)]
    while text and (size := measured(text)) > room:
        text = text[: len(text) * max(room, 0) // size]
    return text


def storable(text: str) -> str:
    """Without halves of characters, which JSON can bring and nothing that we write can hold."""
    return text.encode("utf-8", "replace").decode()


def measured(value: Any) -> int:
    return len(json.dumps(value))
