"""Makes notebooks of a model answer: the solution, the student's starter (the answer taken out), and edited variants.

A solution is one jupytext file in percent format. What stands before its first cell is about the file, not the lab.
`### BEGIN SOLUTION` … `### END SOLUTION` encloses what students write; `### STARTER: <line>` what they find instead.

    python -m reference.notebooks       writes assignments/<lab>.ipynb
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jupytext
import msgspec
import nbformat
from msgspec import Struct
from nbformat import NotebookNode

SOLUTIONS = Path(__file__).parent / "solutions"
ASSIGNMENTS = Path(__file__).parent.parent / "assignments"

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STARTER = "### STARTER:"


class NotebookError(Exception):
    """A solution or its edits do not hold what they should; names file and place."""


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """Texts of several lines are written flush left; both take the indentation of the line they start in."""

    replace: str
    by: str
    times: int = 1  # `replace` must occur exactly so often, all cells together


class Variant(Struct, frozen=True, forbid_unknown_fields=True):
    says: str
    edits: tuple[Edit, ...]
    trained: bool = False  # shows only in a notebook that has really trained


class Edits(Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of a solution by slug. `slug.2` is another way to make the mistake `slug`."""

    accepted: dict[str, Variant] = {}  # still earn everything
    mistakes: dict[str, Variant] = {}


def labs() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in SOLUTIONS.glob("*.py")))


def solution(lab: str) -> NotebookNode:
    return _notebook(lab, _solved(_source(lab)))


def starter(lab: str) -> NotebookNode:
    return _notebook(lab, _stripped(_source(lab), _path(lab)))


def edited(lab: str, edits: Sequence[Edit]) -> NotebookNode:
    """The solution with `edits` done in turn on its percent text without markers: `# %%` in `by` starts a cell."""
    text = _solved(_source(lab))
    for edit in edits:
        text, found = _replaced(text, edit)
        if found != edit.times:
            raise NotebookError(
                f"{_path(lab)}: an edit expects {edit.times} × {edit.replace!r}, found {found}. "
                "Copy the text from the solution, or set `times`."
            )
    return _notebook(lab, text)


def _replaced(text: str, edit: Edit) -> tuple[str, int]:
    pieces: list[str] = []
    position = found = 0
    for match in re.finditer(re.escape(edit.replace.split("\n", maxsplit=1)[0]), text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        indent = line[: len(line) - len(line.lstrip())]
        old = _indented(edit.replace, indent)
        if match.start() >= position and text.startswith(old, match.start()):
            pieces += [text[position : match.start()], _indented(edit.by, indent)]
            position = match.start() + len(old)
            found += 1
    return "".join([*pieces, text[position:]]), found


def _indented(block: str, indent: str) -> str:
    first, *rest = block.split("\n")
    return "\n".join([first, *(indent + line if line.strip() else "" for line in rest)])


def load_edits(lab: str) -> Edits:
    path = SOLUTIONS / f"{lab}.edits.yaml"
    if not path.exists():
        return Edits()
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Edits)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NotebookError(f"{path}: {error}") from error


def mistake_of(name: str) -> str:
    """The slug a mutant belongs to: `zero-weights.2` shows `zero-weights`."""
    return name.split(".", maxsplit=1)[0]


def write(notebook: NotebookNode, path: Path) -> None:
    path.write_text(as_json(notebook), encoding="utf-8", newline="\n")


def as_json(notebook: NotebookNode) -> str:
    return str(nbformat.writes(notebook, version=nbformat.NO_CONVERT)) + "\n"


def _path(lab: str) -> Path:
    return SOLUTIONS / f"{lab}.py"


@cache
def _source(lab: str) -> str:
    path = _path(lab)
    if not path.exists():
        raise NotebookError(f"{path}: there is no such solution. There are {', '.join(labs())}.")
    text = path.read_text(encoding="utf-8")
    return text[text.index("# %%") :]


def _solved(text: str) -> str:
    kept = [line for line in text.splitlines() if not line.strip().startswith((BEGIN, END, STARTER))]
    return "\n".join(kept) + "\n"


def _stripped(text: str, path: Path) -> str:
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        marker = line.strip()
        if marker in (BEGIN, END):
            if inside == (marker == BEGIN):
                raise NotebookError(f"{path}: {marker!r} without its partner, near {''.join(kept[-1:])!r}")
            inside = not inside
        elif marker.startswith(STARTER):
            kept.append(re.sub(r"### STARTER: ?", "", line).rstrip())
        elif not inside:
            kept.append(line)
    if inside:
        raise NotebookError(f"{path}: {BEGIN!r} without {END!r}")
    return "\n".join(kept) + "\n"


def _notebook(lab: str, text: str) -> NotebookNode:
    """As Colab saves it: format 4.0, an id in each cell's metadata, no outputs."""
    read = jupytext.reads(text, fmt="py:percent")
    cells = [_cell(cell) for cell in read.cells if cell.source.strip()]
    metadata = {
        "colab": {"name": f"{lab}.ipynb", "provenance": [], "toc_visible": True},
        "kernelspec": {"display_name": "Python 3", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 0, "metadata": metadata, "cells": cells})


def _cell(cell: NotebookNode) -> NotebookNode:
    metadata = {"id": cell.metadata["id"]} if "id" in cell.metadata else {}
    node = {"cell_type": cell.cell_type, "metadata": metadata, "source": cell.source}
    if cell.cell_type == "code":
        node |= {"execution_count": None, "outputs": []}
    return nbformat.from_dict(node)


if __name__ == "__main__":
    for name in labs():
        write(starter(name), ASSIGNMENTS / f"{name}.ipynb")
        print(ASSIGNMENTS / f"{name}.ipynb")
