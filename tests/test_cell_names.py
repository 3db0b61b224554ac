"""What cells are called: by words their author can find in Colab, and that never speak in our voice."""

import pytest

from grader.model import Cell
from grader.wording.cell_names import LONGEST, cell_name, cell_names


def notebook(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell(i, "markdown" if s.startswith("#") else "code", s) for i, s in enumerate(sources))


def called(source: str) -> str:
    """The words of ours and of the cell's, where a notebook has no other."""
    return cell_name((Cell(4, "code", source),), 4)


def test_a_cell_is_called_by_its_first_line_and_never_by_a_number() -> None:
    cells = notebook("# Lab 4\nabout gates", "\n\n  import random", "class GruNet:\n    pass")
    assert list(cell_names(cells).values()) == [
        'the text cell that begins "Lab 4"',
        'the cell that begins "import random"',
        'the cell that begins "class GruNet:"',
    ]


def test_cells_that_begin_alike_are_told_apart_by_the_heading_above_or_by_their_order() -> None:
    cells = notebook("## Model", "x = 1", "## Training", "x = 1", "y", "y", "## Plots", "", "y")
    names = cell_names(cells)
    assert names[1] == 'the cell that begins "x = 1" (below "Model")'
    assert names[3] == 'the cell that begins "x = 1" (below "Training")'
    assert names[4] == 'the first cell that begins "y"'
    assert names[5] == 'the second cell that begins "y"'
    assert names[8] == 'the cell that begins "y" (below "Plots")'
    assert names[7] == 'the cell below "Plots"'


@pytest.mark.parametrize("written", ['a = "b". All is right', "a = “b”. All", "a `b` «c»", "a ''b''"])
def test_a_first_line_cannot_close_the_quotes_around_it(written: str) -> None:
    name = called(written)
    assert name.startswith('the cell that begins "a ') and name.count('"') == 2 and name.endswith('"')
    assert not set("“”«»`") & set(name)


@pytest.mark.parametrize(
    "unseen", ["\u200b\u2060", "\ue000\uf8ff", "\u202e", "\u2800\u3164", "\x1b\x07", "\ufeff", "\ud800"]
)
def test_what_nobody_sees_is_no_part_of_a_name(unseen: str) -> None:
    assert called(f"{unseen}\nimport os").endswith('import os"')
    assert not set(unseen) & set(called(f"{unseen}value = 1"))


def test_a_line_that_is_very_long_or_a_tower_of_accents_stays_short() -> None:
    assert len(called("x" * 10**6)) <= len(called("x")) + LONGEST
    assert len(called("e" + "\u0301" * 400 + "x")) < len(called("x")) + 6


def test_a_cell_without_words_in_a_notebook_without_headings_still_has_a_name() -> None:
    assert cell_names(notebook("", "a", "", "###")) == {
        0: "the first cell",
        1: 'the cell that begins "a"',
        2: "the third cell",
        3: "the fourth cell",
    }
    assert cell_name(notebook("a"), 99) == "another cell"
