"""A course is a folder: what is said of one that does not hold, and what is kept apart from another's."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from sample_course import LAB, READS, ROOT, change, sample_course
from test_cli import grader, refused
from test_secret_questions import BATCH

from grader.batch.keys import of_report, of_run
from grader.batch.preparing import batch_asked, batch_for
from grader.batch.store import Asked
from grader.course.folder import HandIn, Sheet, current_course, lab_slug, load_course
from grader.course.head import Clues, Head, Settings, Sizes
from grader.course.policies import CertificateSheet, MailboxSheet, Rule
from grader.course.schedule import SessionSheet
from grader.data.folder import data_folder
from grader.errors import RubricError, UsageError
from grader.intake.recognise import recognise
from grader.judging.examining import insist_on_judges
from grader.model import Submission, TrainPolicy
from reference.notebooks import edits_path, labs, solution_path
from reference.place import OURS, course_folder

Mend = Callable[[Path], None]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return sample_course(tmp_path / "mine")


@pytest.fixture
def chosen(course: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GRADER_COURSE", str(course))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADER_DATA", raising=False)
    return course


def edit(file: str, old: str, new: str) -> Mend:
    return lambda folder: change(folder / file, old, new)


def without(file: str) -> Mend:
    return lambda folder: (folder / file).unlink()


def more(file: str, text: str = "") -> Mend:
    return lambda folder: (folder / file).write_text(text, "utf-8") and None


RUBRIC, SOLUTION, EDITS = (
    f"rubrics/{LAB}.yaml",
    f"reference/solutions/{LAB}.py",
    f"reference/solutions/{LAB}.edits.yaml",
)
MORE = "\n  - {id: tf-gradeint, level: runs, points: 0, title: A, tested: B., why: C.}\nmistakes:"
WRONG: dict[str, tuple[Mend, str]] = {
    "no course.yaml": (without("course.yaml"), "mine holds no course.yaml, so it is no course. Name another folder"),
    "no title": (edit("course.yaml", "title: Densities\n", ""), "course.yaml:1: the key `title` is missing"),
    "an empty title": (edit("course.yaml", "Densities", "' '"), "course.yaml:1: title is empty"),
    "a misspelt key": (edit("course.yaml", "labs:", "lbas:"), ":2: unknown key 'lbas'; did you mean 'labs'?"),
    "no rubric": (without(RUBRIC), f":2: '{LAB}' has no rubrics/{LAB}.yaml; write it, or take '{LAB}' off the list"),
    "no solution": (without(SOLUTION), f":2: '{LAB}' has no reference/solutions/{LAB}.py; write it, or take"),
    "a misspelt lab": (edit("course.yaml", f"[{LAB}]", "[lab1_wramup]"), f"did you mean '{LAB}'?; write it"),
    "no slug": (edit("course.yaml", f"[{LAB}]", "[../lab1]"), ":2: '../lab1' is no slug; write it in small letters"),
    "a lab twice": (edit("course.yaml", f"[{LAB}]", f"[{LAB}, {LAB}]"), ":2: 'lab1_warmup' is there twice"),
    "a forgotten rubric": (
        more("rubrics/other.yaml"),
        ":2: rubrics/other.yaml is of no lab of this course; add 'other'",
    ),
    "a forgotten solution": (more("reference/solutions/more.py"), "solutions/more.py is of no lab of this course; add"),
    "forgotten edits": (more("reference/solutions/x.edits.yaml"), "solutions/x.edits.yaml is of no lab of this course"),
    "unknown data": (
        edit(RUBRIC, "digits]", "digist]"),
        f"{LAB}.yaml:7: the course has no data 'digist'; did you mean",
    ),
    "data without files": (
        edit("course.yaml", "  digits: [train.csv]", "  digits: [train.csv]\n  tree:"),
        ":6: 'tree' is said to hold no files",
    ),
    "files of known data": (edit("course.yaml", "trees:", "trees: [x]"), ":4: the grader knows 'trees' by itself"),
    "data in a folder": (
        edit("course.yaml", "digits: [train.csv]", "digits: [train.csv]\n  a/b: [c]"),
        ":6: 'a/b' is no name of a folder",
    ),
    "a small pattern": (
        edit("course.yaml", "  LAB:", "  lab:"),
        ":7: 'lab' is no name of a pattern; write it in capitals",
    ),
    "a sample of no lab": (edit("course.yaml", f"lab: {LAB}", "lab: lab2"), ":9: 'lab2' is no lab of this course"),
    "no title of a lab": (
        edit(RUBRIC, '  title: "Densities, first"\n', ""),
        f"{LAB}.yaml:2: the key `title` is missing",
    ),
    "an empty one": (edit(RUBRIC, '"Densities, first"', "''"), f"{LAB}.yaml:3: title is empty"),
    "no head": (edit(RUBRIC, "\nlab:", "\nlabs:"), f"{LAB}.yaml:2: unknown key 'labs'; did you mean 'lab'?"),
    "a misspelt key of a head": (
        edit(RUBRIC, "  aliases:", "  alias:"),
        ":6: unknown key 'alias'; did you mean 'aliases'?",
    ),
    "an unknown judge": (
        edit(RUBRIC, "judge: density", "judge: densty"),
        ":5: unknown judge 'densty'; did you mean 'density'?",
    ),
    "an unknown kind": (edit(RUBRIC, "kind: lab", "kind: lap"), ":4: unknown kind 'lap'; did you mean 'lab'?"),
    "a judge of others": (
        edit(RUBRIC, "judge: density", "judge: logistic"),
        ":5: the judge logistic does not know 'lab1_warmup'",
    ),
    "an alias in capitals": (
        edit(RUBRIC, "[first]", "[Lab 1]"),
        ":6: an alias has small letters and digits only; write 'lab1'",
    ),
    "an unknown clue": (edit(RUBRIC, "    cells:", "    cell:"), ":9: unknown key 'cell'; did you mean 'cells'?"),
    "a weight that is a word": (
        edit(RUBRIC, r"\bnp_fn\b: 5", r"\bnp_fn\b: much"),
        ":11: code: Expected `float`, got `str`",
    ),
    "a broken pattern": (
        edit(RUBRIC, r"\bnp_fn\b:", r"\b(np_fn\b:"),
        ":11: '\\\\b(np_fn\\\\b' is no regular expression",
    ),
    "an unknown piece": (
        edit(RUBRIC, "{LAB} *1", "{LAP} *1"),
        "the patterns of course.yaml hold no 'LAP'; did you mean 'LAB'?",
    ),
    "a check without a judge": (
        edit(RUBRIC, "\nmistakes:", MORE),
        "nobody judges 'tf-gradeint'; did you mean 'tf-gradient'?",
    ),
}


@pytest.mark.parametrize(("broken", "said"), WRONG.values(), ids=WRONG)
def test_a_course_that_does_not_hold_is_refused_with_the_place_and_the_remedy(
    broken: Mend, said: str, course: Path
) -> None:
    broken(course)
    with pytest.raises(UsageError) as caught:
        loaded = load_course(course)
        insist_on_judges(loaded)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRADER_COURSE", str(course))
            data_folder(None)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2


def test_the_course_as_it_is_written_holds(chosen: Path) -> None:
    insist_on_judges(current_course())
    assert (current_course().folder, current_course().title, list(current_course().labs)) == (
        chosen,
        "Densities",
        [LAB],
    )
    assert (labs(), solution_path(LAB).parent, edits_path(LAB).is_file()) == (
        (LAB,),
        chosen / "reference/solutions",
        True,
    )


def test_our_own_course_is_taken_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADER_COURSE", raising=False)
    assert course_folder() == OURS == ROOT.resolve() and len(current_course().labs) == 11


def test_labs_are_recognised_and_called_as_the_course_says(chosen: Path) -> None:
    assert lab_slug("First") == LAB and recognise((), ("lab 1",)).lab == LAB
    assert recognise((), ("practica1",)).lab is None, "a word of another course"
    with pytest.raises(UsageError, match="'warmup' is no lab of this course"):
        lab_slug("warmup")


MARKS: dict[str, tuple[Mend, str]] = {
    "an end too few": (
        edit(SOLUTION, "### END SOLUTION\n", "\n"),
        r"lab1_warmup\.py:\d+: '### BEGIN SOLUTION' without",
    ),
    "no markers": (
        lambda folder: (folder / SOLUTION).write_text("# %% id='a'\nx = 1\n", "utf-8") and None,
        r"lab1_warmup\.py:1: nothing is marked; put '### BEGIN SOLUTION' and '### END SOLUTION' around what students",
    ),
    "no cells": (
        lambda folder: (folder / SOLUTION).write_text("x = 1\n", "utf-8") and None,
        r"lab1_warmup\.py:1: there is no cell in it; begin each with a line `# %%`",
    ),
    "an edit that fits no more": (
        edit(SOLUTION, "np.exp(-((x - mu) ** 2)", "np.exp(-((x - mu) * (x - mu))"),
        r"lab1_warmup\.edits\.yaml:\d+: this edit expects 1 × '1 / np.*' in lab1_warmup\.py, found 0\. Copy the text",
    ),
    "a mistake without words": (
        edit(EDITS, "\n  sign-missing:", "\n  sign-mising:"),
        r"lab1_warmup\.edits\.yaml:\d+: rubrics/lab1_warmup\.yaml does not describe 'sign-mising'; did you",
    ),
    "a mistake that nothing shows": (
        edit(RUBRIC, "\nmistakes:\n", "\nmistakes:\n  x: {check: functions, title: A, says: B., hint: C.}\n"),
        r"rubrics/lab1_warmup\.yaml:\d+: no edit of the solution shows 'x'; write one in lab1_warmup\.edits\.yaml",
    ),
    "edits of other words": (edit(EDITS, "says:", "tells:"), r"lab1_warmup\.edits\.yaml: .*`says` and `edits`"),
}


@pytest.mark.parametrize(("broken", "said"), MARKS.values(), ids=MARKS)
def test_a_solution_or_an_edit_that_does_not_fit_is_told_in_a_sentence(
    broken: Mend, said: str, course: Path, tmp_path: Path
) -> None:
    broken(course)
    done = grader("verify", "--course", course, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and len(done.stderr.splitlines()) == 1
    assert re.search(said, done.stderr), done.stderr


@pytest.mark.parametrize(
    "command", [("grade", "."), ("check", "x.ipynb"), ("verify",), ("demo",), ("calibrate", LAB), ("data",)]
)
def test_every_command_takes_a_course_and_refuses_what_is_none(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text('{"cells": []}')
    done = grader(*command, "--course", tmp_path / "none", folder=tmp_path)
    refused(done, 2, "none holds no course.yaml", "grader init")
    assert [path.name for path in tmp_path.iterdir()] == ["x.ipynb"]


def test_an_empty_course_is_one_to_which_labs_are_added(tmp_path: Path) -> None:
    done = grader("init", tmp_path / "new: course", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "") and "An empty course was written to" in done.stderr
    made = load_course(tmp_path / "new: course")
    assert (made.title, made.labs) == ("new: course", {})
    assert {path.name for path in made.folder.iterdir()} == {
        "course.yaml",
        "rubrics",
        "reference",
        "assignments",
        "data",
        "keys",
        "roster.csv",
    }
    assert [student.id for student in made.roster()] == ["000001", "000002"]
    refused(grader("verify", "--course", made.folder), 2, "the course has no lab yet")


@pytest.mark.parametrize("there", ["folder/course.yaml", "folder"])
def test_nothing_is_written_where_something_is(there: str, tmp_path: Path) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")
    refused(grader("init", tmp_path / "folder"), 2, "folder is not empty", "Name a folder that is new or empty")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"] and (tmp_path / there).read_text() == "mine"


def test_the_version_is_told() -> None:
    done = grader("--version")
    assert (done.returncode, done.stdout) == (0, "grader 0.1.0\n")


def test_the_course_s_own_data_come_first_and_what_is_missing_is_made_by_its_program(chosen: Path) -> None:
    made = data_folder(None)
    assert (made.parts["digits"] / "train.csv").read_text() == "1,2,3\n" and made.toy == ("trees", "digits")
    assert made.description.endswith("; toy digits made by the course's toy.py")
    (chosen / "data" / "digits").mkdir(parents=True)
    (chosen / "data" / "digits" / "train.csv").write_text("4\n")
    own = data_folder(None)
    assert own.parts["digits"] == chosen / "data" / "digits" and own.toy == ("trees",)
    assert set(data_folder(chosen / "data").parts) == {"trees", "digits"}


TOYS: dict[str, tuple[str | None, str]] = {
    "no program": (None, "the data 'digits' is not there. Put it into"),
    "one that fails": (
        "def make(folder):\n    raise OSError('no room')\n",
        "could not make the data (OSError: no room)",
    ),
    "one without make": ("x = 1\n", "could not make the data (KeyError: 'make')"),
    "one that makes something else": ("def make(folder):\n    pass\n", "left no digits/train.csv in the folder"),
}


@pytest.mark.parametrize(("program", "said"), TOYS.values(), ids=TOYS)
def test_data_that_cannot_be_had_are_told(program: str | None, said: str, chosen: Path, tmp_path: Path) -> None:
    (chosen / "toy.py").unlink() if program is None else (chosen / "toy.py").write_text(program)
    with pytest.raises(UsageError) as caught:
        data_folder(None)
    assert said in str(caught.value) and not list((tmp_path / "cache").glob("grader/toy-course*"))


def test_what_was_found_out_for_one_course_is_never_taken_for_another(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = Submission(Path("x"), "s", LAB)
    ours = (of_run(same, BATCH), of_report(same, BATCH))
    monkeypatch.setenv("GRADER_COURSE", str(course))
    theirs = (of_run(same, BATCH), of_report(same, BATCH))
    assert not set(ours) & set(theirs)


def test_a_changed_rubric_is_judged_anew_and_runs_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same, keys = Submission(Path("x"), "s", LAB), []
    for points in ("points: 1", "points: 3"):
        folder = sample_course(tmp_path / points[-1] / "mine")
        change(folder / RUBRIC, "points: 1", points)
        monkeypatch.setenv("GRADER_COURSE", str(folder))
        keys.append((of_run(same, BATCH), of_report(same, BATCH)))
    assert keys[0][0] == keys[1][0] and keys[0][1] != keys[1][1]


def test_a_batch_of_another_course_is_not_graded_again_by_this_one(chosen: Path) -> None:
    asked = Asked((), None, TrainPolicy.NONE, None, True, True, "Deep Learning")
    with pytest.raises(UsageError, match="graded for the course 'Deep Learning', and this is 'Densities'"):
        batch_asked(asked, 1, True)
    assert list(batch_asked(replace(asked, course="Densities"), 1, True).rubrics) == [LAB]


def test_a_process_that_we_start_works_for_the_same_course(chosen: Path) -> None:
    batch = batch_for(None, TrainPolicy.NONE, 1)
    assert batch.rubrics[LAB].title == "Densities, first"
    code = "from reference.notebooks import solution; print(solution('lab1_warmup').cells[3].metadata.id)"
    told = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=os.environ, text=True)
    assert told.strip() in READS + (chosen / SOLUTION).read_text("utf-8") and "readsDigits1" in READS


def test_a_rubric_of_ours_that_names_no_lab_of_the_course_is_an_error(course: Path) -> None:
    change(course / "course.yaml", f"[{LAB}]", "[]")
    with pytest.raises(RubricError, match=rf"course\.yaml:2: rubrics/{LAB}\.yaml is of no lab of this course"):
        load_course(course)


TABLES = {
    "## course.yaml": Sheet,
    "### A file of `demo`": HandIn,
    "### A session": SessionSheet,
    "### `certificates`": CertificateSheet,
    "### A rule for certificates": Rule,
    "### `mailbox`": MailboxSheet,
    "## The head of a rubric": Head,
    "### `clues`": Clues,
    "### `sizes`": Sizes,
    "### `settings`": Settings,
}


@pytest.mark.parametrize("heading", TABLES)
def test_the_page_on_courses_has_a_row_for_every_key_and_for_no_other(heading: str) -> None:
    page = (ROOT / "docs" / "course.md").read_text("utf-8")
    section = re.split(r"\n(?=#)", page.split(f"\n{heading}\n")[1])[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == TABLES[heading].__struct_fields__


def test_the_page_on_courses_has_a_section_for_every_table() -> None:
    page = (ROOT / "docs" / "course.md").read_text("utf-8")
    assert page.count("| key | |") == len(TABLES) and all(page.count(f"\n{heading}\n") == 1 for heading in TABLES)
