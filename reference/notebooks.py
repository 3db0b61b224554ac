"""Makes notebooks of a model answer: the solution, the student's starter (the answer taken out), and edited variants.

A solution is one jupytext file in percent format. What stands before its first cell is about the file, not the lab.
`### BEGIN SOLUTION` … `### END SOLUTION` encloses what students write; `### STARTER: <line>` what they find instead.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jupytext
import msgspec
import nbformat
import yaml
from msgspec import Struct
from nbformat import NotebookNode

from reference.place import course_folder

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STARTER = "### STARTER:"


class NotebookError(Exception):
    """A solution or its edits do not hold what they should; names file and place, as RubricError does of rubrics."""

    exit_code = 2


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
    return tuple(sorted(path.stem for path in (course_folder() / "reference" / "solutions").glob("*.py")))


def solution_path(lab: str) -> Path:
    return course_folder() / "reference" / "solutions" / f"{lab}.py"


def edits_path(lab: str) -> Path:
    return solution_path(lab).with_suffix(".edits.yaml")


def assignment_path(lab: str) -> Path:
    return course_folder() / "assignments" / f"{lab}.ipynb"


def solution(lab: str) -> NotebookNode:
    return _notebook(lab, _solved(_source(solution_path(lab)).text))


def starter(lab: str) -> NotebookNode:
    return starter_of(solution_path(lab))


def starter_of(solution: Path) -> NotebookNode:
    return _notebook(solution.stem, _stripped(_source(solution)))


def parts(lab: str) -> list[bool]:
    """Of each cell of the starter, whether students write something in it."""
    source = _source(solution_path(lab))
    whole, starting = (jupytext.reads(text, fmt="py:percent").cells for text in (source.text, _stripped(source)))
    return [BEGIN in cell.source for cell, kept in zip(whole, starting, strict=True) if kept.source.strip()]


def edited(lab: str, edits: Sequence[Edit]) -> NotebookNode:
    """The solution with `edits` done in turn on its percent text without markers: `# %%` in `by` starts a cell."""
    text = _solved(_source(solution_path(lab)).text)
    for edit in edits:
        text, found = _replaced(text, edit)
        if found != edit.times:
            first, *more = edit.replace.split("\n")
            wanted = f"{first!r} …" if more else repr(first)
            flush = more and text.count(edit.replace) == edit.times
            remedy = "Write its lines flush left" if flush else "Copy the text from the solution, or set `times`"
            raise NotebookError(
                f"{_place_of(edit, edits_path(lab))}: this edit expects {edit.times} × {wanted} in "
                f"{solution_path(lab).name}, found {found}. {remedy}."
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
    path = edits_path(lab)
    if not path.exists():
        return Edits()
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Edits)
    except (msgspec.MsgspecError, ValueError) as error:
        said = " ".join(str(error).split())
        raise NotebookError(
            f"{path}: {said}. Each variant has `says` and `edits`, each edit `replace` and `by`."
        ) from error


def _place_of(edit: Edit, path: Path) -> str:
    """The file, with the line on which the edit stands where it comes from there."""
    root = yaml.compose(path.read_text(encoding="utf-8")) if path.exists() else None
    return next((f"{path}:{line + 1}" for line in _lines_with(root, edit.replace)), str(path))


def _lines_with(node: yaml.Node | None, text: str) -> Iterator[int]:
    """Of `replace:` with this text."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "replace" and value.value == text:
                yield key.start_mark.line
            yield from _lines_with(value, text)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _lines_with(item, text)


def mistake_of(name: str) -> str:
    """The slug a mutant belongs to: `zero-weights.2` shows `zero-weights`."""
    return name.split(".", maxsplit=1)[0]


def write(notebook: NotebookNode, path: Path) -> None:
    path.write_text(as_json(notebook), encoding="utf-8", newline="\n")


def as_json(notebook: NotebookNode) -> str:
    return str(nbformat.writes(notebook, version=nbformat.NO_CONVERT)) + "\n"


class Source(NamedTuple):
    """The cells of a solution as they are written."""

    path: Path
    text: str
    above: int  # lines of the file before the first cell


@cache
def _source(path: Path) -> Source:
    if not path.exists():
        raise NotebookError(f"{path}: there is no such solution. There are {', '.join(labs()) or 'none'}.")
    text = path.read_text(encoding="utf-8")
    start = text.find("# %%")
    if start < 0:
        raise NotebookError(f"{path}:1: there is no cell in it; begin each with a line `# %%`, or `# %% [markdown]`.")
    return Source(path, text[start:], text.count("\n", 0, start))


def _solved(text: str) -> str:
    kept = [line for line in text.splitlines() if not line.strip().startswith((BEGIN, END, STARTER))]
    return "\n".join(kept) + "\n"


def _stripped(source: Source) -> str:
    kept: list[str] = []
    opened = 0  # the line of the marker that is still open
    for number, line in enumerate(source.text.splitlines(), source.above + 1):
        marker = line.strip()
        if marker in (BEGIN, END):
            if bool(opened) == (marker == BEGIN):
                raise NotebookError(
                    f"{source.path}:{number}: {marker!r} without its partner; write that, or take this away."
                )
            opened = 0 if opened else number
        elif marker.startswith(STARTER):
            kept.append(re.sub(r"### STARTER: ?", "", line).rstrip())
        elif not opened:
            kept.append(line)
    if opened:
        raise NotebookError(f"{source.path}:{opened}: {BEGIN!r} without {END!r}; write that where the answer ends.")
    if BEGIN not in source.text:
        raise NotebookError(
            f"{source.path}:1: nothing is marked; put {BEGIN!r} and {END!r} around what students write."
        )
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
