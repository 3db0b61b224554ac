"""Under which names rows stand, no two the same, and under which names their pages can be written anywhere."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from grader.intake.person import same

NAME_BYTES = 150  # of UTF-8; file systems allow 255, and suffixes follow

_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)$")


def page_name(text: str) -> str:
    """A file or folder name that every system accepts; letters of any script stay."""
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if c in '<>:"/\\|?*' or unicodedata.category(c)[0] == "C" else c for c in text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\.+(?=\w)", lambda dots: "_" * len(dots[0]), text)  # "results.json" is ours, "con.txt" a device
    text = text.encode()[:NAME_BYTES].decode(errors="ignore").strip(" .")
    if _WINDOWS.match(text):
        text += "_"
    return text or "unnamed"


def told_apart(owners: Sequence[tuple[str, str | None]]) -> tuple[str, ...]:
    """A name for each (student, lab) such that no two rows, and no two pages on any file system, are the same."""
    rows: set[tuple[str, str | None]] = set()
    belongs: dict[str, str] = {}  # page name without case -> the person it belongs to
    numbers: Counter[str] = Counter()
    names = []
    for student, lab in owners:
        name = student
        while (page := page_name(name).casefold(), lab) in rows or belongs.get(page, same(name)) != same(name):
            numbers[student] += 1
            name = with_suffix(student, f" ({numbers[student] + 1})")
        rows.add((page, lab))
        belongs[page] = same(name)
        names.append(name)
    return tuple(names)


def with_suffix(name: str, suffix: str) -> str:
    while name and not page_name(name + suffix).endswith(page_name(suffix)[-len(suffix.strip()) :]):
        name = name[: len(name) * 3 // 4]
    return (name or "unnamed") + suffix
