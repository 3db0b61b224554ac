"""`grader data`: what is there; with --to DIR one part of it after the other, with a bar while it comes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.progress import Progress
from rich.text import Text

from grader.data.fetch import fetch
from grader.data.folder import DataFolder
from grader.data.forms import kept
from grader.data.inventory import inventory
from grader.data.parts import Part
from grader.errors import UsageError
from grader.wording.counting import quantity
from reports.terminal import data_table


def on_disk(own: DataFolder) -> RenderableType:
    """A row for each part, and what is kept of their texts beside them."""
    number, size, folder = kept()
    table = data_table(inventory(own))
    copies = quantity(number, "unpacked or packed copy", "unpacked or packed copies")
    said = f"{copies} of texts, {size / 1e6:.0f} MB, in {folder}: made anew when needed, so they may be deleted."
    return Group(table, Text(), Text(said)) if number else table


def fetched(parts: Sequence[Part], own: DataFolder, to: Path, console: Console) -> Iterator[str]:
    """A sentence for each part, and at last how to use them."""
    if not parts:
        raise UsageError("Nothing of this course's data can be fetched: put it into the data/ of the course by hand.")
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        for part in parts:
            yield fetch(part, own, to, lambda what, n, of: bar.update(task, description=what, completed=n, total=of))
    yield f"To use it: --data {to}, or export GRADER_DATA={to}"
