"""What a person marks in assignment 2 is found in a notebook, however it was written down."""

import pytest

from grader.judging.kinds.embeddings.written import NEIGHBOURS, Written, written
from grader.model import Cell, CellRun, CellStatus

PICTURE = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo="}}


def found(*sources: str, **lists: tuple[str, ...]) -> Written:
    """Of cells, those that begin with `md:` texts."""
    cells = [
        Cell(i, "markdown" if source.startswith("md:") else "code", source.removeprefix("md:"))
        for i, source in enumerate(sources)
    ]
    return written(cells, (), lists)


@pytest.mark.parametrize(
    "code",
    [
        "\n".join(f"knn('{word}', 30)" for word in NEIGHBOURS),
        f"for w in {list(NEIGHBOURS)}: knn(w, 30)",
        f"for w in '{' '.join(NEIGHBOURS)}'.split(): knn(w, 30)",
    ],
)
def test_words_are_looked_up_one_by_one_or_in_a_loop(code: str) -> None:
    assert found(code).looked_up == NEIGHBOURS


def test_the_text_below_belongs_to_the_cell_above() -> None:
    seen = found(
        "knn('france', 30)",
        "md:## A heading of the handout, which is longer than five words",
        "md:Nearly all of them are countries, so they are similar.",
        "'''And cities are related to it, not similar.'''\nknn('jesus', 30)",
        "x = 1",
        "md:This text stands below another cell and is about something else.",
    )
    assert "countries" in seen.neighbours_text and "cities" in seen.neighbours_text
    assert "heading" not in seen.neighbours_text and "something else" not in seen.neighbours_text


@pytest.mark.parametrize(
    "code",
    [
        "analogy(('man', 'king'), 'woman')\nanalogy(('man', 'king'), 'woman', 3)\nanalogy(('big', 'bigger'), 'cold')",
        "for a, b, c in [('man', 'king', 'woman'), ('big', 'bigger', 'cold')]:\n    analogy((a, b), c)",
        "for p, s in [(('man', 'king'), 'woman'), (('big', 'bigger'), 'cold')]: analogy(p, s)",
        "for line in '''man king woman queen\nbig bigger cold colder'''.splitlines(): analogia(*line.split())",
    ],
)
def test_analogies_are_counted_once_each_in_whatever_brackets(code: str) -> None:
    assert found(code).tried == 2


def test_the_given_seeds_are_nobodys_own() -> None:
    given = ("good", "nice", "excellent", "positive", "fortunate", "correct", "superior")
    assert found(seed_pos=given, mine=("happy", "glad")).seeds == {"mine": ("happy", "glad")}


def test_a_map_is_found_where_it_was_drawn() -> None:
    code = "from sklearn.manifold import TSNE"
    plain, kept = Cell(0, "code", code), Cell(0, "code", code, outputs=(PICTURE,))
    before = Cell(0, "code", "plt.plot([1, 2])", outputs=(PICTURE,))
    assert written([plain], [CellRun(0, CellStatus.OK, outputs=(PICTURE,))], {}).drawn == "here"
    assert written([kept], [CellRun(0, CellStatus.ERROR)], {}).drawn == "before"
    assert written([before, Cell(1, "code", code)], [], {}).drawn == ""
