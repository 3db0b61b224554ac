"""`grader data --to DIR`: one part of the course's data after the other, with a bar while it comes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from grader.data.fetch import fetch
from grader.data.folder import DataFolder
from grader.data.parts import Part
from grader.errors import UsageError


def fetched(parts: Sequence[Part], own: DataFolder, to: Path, console: Console) -> Iterator[str]:
    """A sentence for each part, and at last how to use them."""
    if not parts:
        raise UsageError("Nothing of this course's data can be fetched: put it into the data/ of the course by hand.")
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        for part in parts:
            yield fetch(part, own, to, lambda what, n, of: bar.update(task, description=what, completed=n, total=of))
    yield f"To use it: --data {to}, or export GRADER_DATA={to}"
