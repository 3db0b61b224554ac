"""What is taken out of text by students and their runs: so that pages are safe, and equal for equal work."""

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{7,16}\b")
_KERNEL_FILE = re.compile(r"(?:(?<![\w.])(?:/[\w.+-]{1,80}){1,12})?/ipykernel_\d{1,9}/\d{1,12}\.py")
_TEMPORARY = re.compile(r"(?<![\w.])/(?:tmp|var/tmp|private/var|dev/shm)/[\w.+-]+")
_INSTALLED = re.compile(r"(?<![\w.])(?:/[\w.+-]{1,80}){1,16}/(site-packages|dist-packages|python3\.\d+)/")
_HOME = re.compile(r"(?<![\w.])/(?:home|Users)/[\w.+-]+|(?<![\w.])/root\b")
_NAME_LENGTH = 80


def visible(text: str) -> str:
    """Nothing that steers a terminal; marks that turn the reading direction are written out, since they hide code."""
    text = _SURROGATE.sub("\ufffd", _ANSI.sub("", text))
    return _CONTROL.sub("", _BIDI.sub(lambda mark: f"‹U+{ord(mark[0]):04X}›", text))


def name(text: str) -> str:
    """A student's name on one line, of a length that no layout breaks on."""
    line = " ".join(_BIDI.sub("", visible(_BIDI.sub("", text))).split())
    return line if len(line) <= _NAME_LENGTH else line[: _NAME_LENGTH - 1] + "…"


def same_everywhere(text: str) -> str:
    """Without what differs from run to run: addresses, temporary folders, where Python is installed."""
    text = _ADDRESS.sub("0x…", text)
    text = _KERNEL_FILE.sub("(notebook)", text)
    text = _INSTALLED.sub(r"…/\1/", text)
    return _HOME.sub("~", _TEMPORARY.sub("/tmp/…", text))


def printed(text: str) -> str:
    """What a terminal would show in the end of text with colours, progress bars and backspaces."""
    text = _ANSI.sub("", text).replace("\r\n", "\n")
    lines = [_overwritten(line) for line in text.split("\n")]
    return same_everywhere(visible("\n".join(lines)))


def said(text: str) -> str:
    """A sentence of ours that may quote the student's code."""
    return same_everywhere(visible(text))


def _overwritten(line: str) -> str:
    """The last state of a line that was written over by carriage returns or backspaces."""
    if "\r" in line:
        line = next((part for part in reversed(line.split("\r")) if part.strip()), "")
    if "\b" not in line:
        return line
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)
