"""A renamed and reordered copy is found, independent work is not, and what is told of either is a question."""

import random
from pathlib import Path

import pytest
import sample_reports as sample
from bench_similarity import NOTEBOOKS, copied, measured
from msgspec.structs import replace
from test_cli import grader, refused

from grader.batch.store import Asked, opened
from grader.intake.collect import collect
from grader.model import Cell, Submission, TrainPolicy
from grader.scoring.results import write_reports
from grader.similarity.marks import marks
from grader.similarity.pairs import ALIKE, LEAST, compared, own_parts
from reference.notebooks import starter

FEW = ("lab3", "lab4")
HOSTILE = "</code></pre><script>document.title='HACKED'</script>"


def cell(source: str) -> list[Cell]:
    return [Cell(0, "code", source)]


def code(name: str) -> str:
    return f"def {name}(a, b):\n    t = tf.matmul(a, b)\n    return tf.nn.relu(t + tf.reduce_mean(a, axis=0)) * 2\n"


@pytest.mark.parametrize(
    "lab",
    [
        pytest.param(lab.name, marks=() if lab.name in FEW else pytest.mark.slow)
        for lab in (NOTEBOOKS / "honest").iterdir()
    ],
)
def test_copies_lie_above_the_bound_and_independent_work_below_it(lab: str) -> None:
    classes = [*measured(lab)]
    assert classes and any(one.copies for one in classes)
    assert [pair for one in classes for pair in one.honest if pair[0] >= ALIKE] == []
    assert [copy for one in classes for copy in one.copies if copy[0] < ALIKE] == []


def test_names_texts_numbers_layout_and_comments_leave_no_mark() -> None:
    one = "import numpy as np\n" + code("first")
    other = "import numpy as np\n# mine\n" + code("other").replace("a", "x").replace("2", "3").replace("txnh", "tanh")
    other = other.replace("tf.nn.relu", "tf.nn.relu").replace("xxis", "axis").replace("reduce_mexn", "reduce_mean")
    other = other.replace("mxtmul", "matmul").replace("  t = ", '  """Mine."""\n    t  =  ')
    assert marks(cell(one)).keys() == marks(cell(other)).keys() != set()
    assert marks(cell(one)).keys() != marks(cell(one.replace("relu", "tanh"))).keys()


def test_functions_may_stand_in_any_order_and_cells_too() -> None:
    one, two = code("one"), code("two").replace("relu", "tanh").replace("matmul", "tensordot")
    assert marks(cell(one + two)).keys() == marks(cell(two + one)).keys()
    assert (
        marks([*cell(one), Cell(1, "code", two)]).keys() == marks([Cell(0, "code", two), Cell(1, "code", one)]).keys()
    )


def test_lines_are_those_of_the_cell_magics_included() -> None:
    found = marks(cell("%matplotlib inline\n!pip install x\n\n" + code("f")))
    lines = {line for places in found.values() for p in places for line in (p.first, p.last)}
    assert found and lines <= {4, 5, 6}


@pytest.mark.parametrize(
    "source",
    ["def f(:\n", "(" * 500, "x = " + "1 + " * 5000 + "1", "x = " + "f(" * 90 + ")" * 90, "\x00", "%%bash\nls", ""],
)
def test_odd_code_breaks_nothing(source: str) -> None:
    marks(cell(source))


def test_what_a_third_of_the_class_has_is_no_evidence() -> None:
    everybody, two = {*range(100)}, {*range(1000, 1000 + LEAST)}
    own = [{*range(5000 + 100 * n, 5000 + 100 * n + 50)} for n in range(12)]
    works = [everybody | mine for mine in own]
    works[3] |= two
    works[7] = everybody | two
    (pair,) = compared(works, set()).pairs
    assert (pair.first, pair.second, pair.share, pair.smaller) == (3, 7, 1.0, LEAST)
    assert compared(works, two).pairs == (), "it was handed out"
    assert compared([*works[:3], *(each | two for each in works[3:8]), *works[8:]], set()).pairs == ()
    assert own_parts([{1}, {1}, {1}], set()) == [{1}, {1}, {1}], "in a class of three, three are few"


def test_those_who_hang_together_are_one_group_and_too_little_says_nothing() -> None:
    a, b = {*range(40)}, {*range(100, 140)}
    found = compared([a, a, a, b, b, {1, 2}], set())
    assert found.groups == ((0, 1, 2), (3, 4)) and found.silent == (5,)


@pytest.fixture(scope="module")
def handed_in() -> tuple[Submission, ...]:
    """Five who worked by themselves, and one who has the work of the first, renamed."""
    found = collect([NOTEBOOKS / "honest" / "lab4"], "lab4_gru")
    names = ("dictionaries_w_and_u", "kernel_and_recurrent_kernel", "einsum_over_gates_and_units", "vectores_columna",
             "gates_are_slices_of_one_variable")  # fmt: skip
    chosen = [next(one for one in found if one.path.stem == name) for name in names]
    people = [replace(one, student=f"student{n}") for n, one in enumerate(chosen)]
    cells = [replace(each, source=each.source + f"\n# {HOSTILE}") for each in copied(people[0].cells, random.Random(2))]
    numbered = tuple(replace(each, index=n) for n, each in enumerate(cells))
    copy = replace(people[0], student=HOSTILE, path=Path("/class/copy.ipynb"), cells=numbered, content="c")
    return (*people, copy)


@pytest.fixture
def graded(handed_in: tuple[Submission, ...], tmp_path: Path) -> Path:
    out = tmp_path / "grades"
    with opened(out) as store:
        store.keep_asked(Asked(handed_in, None, TrainPolicy.NONE, None, True, True))
    write_reports([replace(sample.good(), submission=each) for each in handed_in], out)
    return out


def test_the_copy_is_asked_about_side_by_side_and_nobody_else_is(graded: Path) -> None:
    done = grader("similarity", "grades", "lab4", folder=graded.parent)
    assert done.returncode == 0, done.stderr
    assert "lab4_gru: 6 notebooks compared. 1 pair to look at." in done.stderr
    assert "student0 and </code></pre>" in done.stderr and "look alike (100 %" in done.stderr
    page = (graded / "similarity-lab4_gru.html").read_text("utf-8")
    assert "is there a reason?" in page and page.count('<div class="twins">') == 1
    assert "<script" not in page and "HACKED" in page
    assert not [n for n in range(1, 5) if f"student{n}" in page]
    assert page.count('class="line marked"') > 20
    assert not [word for word in ("cheat", "plagiar", "copied", "suspect", "guilty") if word in page.lower()]


def test_a_notebook_that_was_handed_out_as_well_is_left_out(graded: Path, handed_in: tuple[Submission, ...]) -> None:
    done = grader("similarity", "grades", "--handout", handed_in[0].path, folder=graded.parent)
    assert "2 of them with too little of their own" in done.stderr and "No two are more alike" in done.stderr
    assert "No two notebooks" in (graded / "similarity-lab4_gru.html").read_text("utf-8")


def test_the_starter_alone_is_nobodys_own() -> None:
    cells = [Cell(n, c.cell_type, c.source) for n, c in enumerate(starter("lab4_gru").cells)]
    assert compared([marks(cells), marks(cells)], marks(cells)).silent == (0, 1)


def test_what_cannot_be_compared_is_told_in_a_sentence(graded: Path, tmp_path: Path) -> None:
    refused(grader("similarity", "nowhere", folder=tmp_path), 2, "nowhere cannot be read")
    refused(grader("similarity", "grades", "lap4", folder=tmp_path), 2, "'lap4' is no lab of this course")
    (tmp_path / "a.txt").write_text("no notebook")
    refused(grader("similarity", "grades", "--handout", "a.txt", folder=tmp_path), 2, "a.txt is no notebook")
    refused(grader("similarity", "grades", "--handout", "b", folder=tmp_path), 2, "b cannot be read")
    with opened(graded) as store:
        store.forget()
    done = grader("similarity", folder=tmp_path)
    assert done.returncode == 0 and "6 notebooks whose code is not kept in grades any more" in done.stderr
