"""The command line as people and programs meet it: sentences, exit codes, what lies on disk afterwards."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import nbformat
import psutil
import pytest

from reference.notebooks import as_json, edited, load_edits, solution
from tests import warm_commands

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "reports" / "results.schema.json").read_bytes())
Graded = tuple[Path, dict[str, Any], subprocess.CompletedProcess[str]]


# A kernel without Landlock, as far as the grader can see.
OLD_KERNEL = """
import errno, os, pyseccomp, sys
rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "landlock_create_ruleset")
rules.load()
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def grader(
    *arguments: str | Path, folder: Path = ROOT, before: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "GRADER_DATA"} | variables
    other_code = folder != ROOT and (folder / "grader").is_dir()
    if not before and not other_code:
        return warm_commands.run([str(argument) for argument in arguments], folder, environment)
    command = [sys.executable, *before, "-m", "grader", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *says: str) -> None:
    """One sentence or two in one line, nothing on stdout."""
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("grader: ") and line.endswith((".", "?"))
    assert "Traceback" not in line
    for words in says:
        assert words in line


def mistaken() -> str:
    return as_json(edited("lab1_warmup", load_edits("lab1_warmup").mistakes["sign-missing"].edits))


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mine") / "lab1.ipynb"
    path.write_text(as_json(solution("lab1_warmup")), "utf-8")
    return path


def test_a_data_folder_that_does_not_exist_is_told_before_anything_is_written(notebook: Path, tmp_path: Path) -> None:
    done = grader("grade", notebook, "--data", tmp_path / "nowhere", "--out", tmp_path / "out")
    refused(done, 2, str(tmp_path / "nowhere"), "there is no such folder", "leave it out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_no_course_data_is_told(notebook: Path, tmp_path: Path) -> None:
    done = grader("grade", notebook, "--out", tmp_path / "out", GRADER_DATA=str(tmp_path))
    refused(done, 2, "$GRADER_DATA", "trees/")
    assert not (tmp_path / "out").exists()


def test_an_unknown_lab_is_answered_with_the_nearest(notebook: Path, tmp_path: Path) -> None:
    refused(grader("grade", notebook, "--lab", "lab2mpl", "--out", tmp_path / "out"), 2, "did you mean 'lab2mlp'?")
    refused(grader("verify", "lab77"), 2, "'lab77' is no lab of this course", "lab2_mlp")
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_written_is_told_before_any_work(notebook: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(grader("grade", notebook, "--out", tmp_path / "file" / "out"), 2, "cannot be written", "--out")


def test_a_rubric_that_does_not_hold_is_told_with_its_line(notebook: Path, tmp_path: Path) -> None:
    for package in ("grader", "reports", "rubrics", "reference"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "course.yaml", tmp_path)
    rubric = tmp_path / "rubrics" / "lab1_warmup.yaml"
    rubric.write_text(rubric.read_text("utf-8").replace("  - id: functions\n", "  - id: functions\n    pionts: 2\n"))
    done = grader("grade", notebook, "--out", tmp_path / "out", folder=tmp_path)
    said = r"grader: rubrics/lab1_warmup\.yaml:\d+: unknown key 'pionts'; did you mean 'points'\?"
    assert re.match(said, done.stderr)
    assert done.returncode == 2 and not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [("grade",), ("check",)])
def test_a_path_that_does_not_exist_is_a_usage_error(command: tuple[str], tmp_path: Path) -> None:
    refused(grader(*command, tmp_path / "nothing.ipynb"), 2, "nothing.ipynb does not exist", "Check the spelling")


@pytest.mark.parametrize(
    "arguments",
    [("grade",), ("grade", ".", "--jobs", "0"), ("grade", ".", "--train", "never"), ("mark", "."), ("check",)],
)
def test_arguments_that_make_no_sense_are_a_usage_error(arguments: tuple[str, ...]) -> None:
    refused(grader(*arguments), 2, "--help")


def test_an_empty_folder_and_a_lone_pdf_hold_nothing_to_grade(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "lab1.pdf").write_bytes(b"%PDF-1.4")
    for path in (tmp_path / "empty", tmp_path / "lab1.pdf"):
        refused(grader("grade", path, "--out", tmp_path / "out"), 3, "No notebook (.ipynb) was found", str(path))
    refused(grader("check", tmp_path / "lab1.pdf"), 3, "No notebook (.ipynb) was found")
    assert not (tmp_path / "out").exists()


def test_a_zip_that_is_damaged_gets_a_row_and_a_page_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "class.zip").write_bytes(b"PK\x03\x04 this is where it ends")
    done = grader("grade", tmp_path / "class.zip", "--out", tmp_path / "out", "--format", "json")
    assert done.returncode == 3
    (row,) = json.loads(done.stdout)["submissions"]
    assert row["outcome"] == "unreadable" and row["checks"] == []
    assert "\ngrader: The zip" in done.stderr
    assert (tmp_path / "out" / "index.html").exists()


def test_a_batch_without_a_jail_is_refused_unless_asked_for(notebook: Path, tmp_path: Path) -> None:
    for student in ("student01", "student02"):
        (tmp_path / student).mkdir()
        shutil.copy(notebook, tmp_path / student / "lab1.ipynb")
    done = grader("grade", tmp_path, "--out", tmp_path / "out", before=("-c", OLD_KERNEL), PATH=str(tmp_path))
    refused(done, 2, "Without a jail", "bubblewrap", "--allow-unisolated")
    assert not (tmp_path / "out").exists()


def test_one_notebook_without_a_jail_is_graded_and_the_report_says_so(
    kernel: None, notebook: Path, tmp_path: Path
) -> None:
    arguments = ("grade", notebook, "--train", "none", "--seed", "1", "--out", tmp_path / "out")
    done = grader(*arguments, before=("-c", OLD_KERNEL), PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "NOT isolated" in done.stderr
    assert json.loads((tmp_path / "out" / "results.json").read_bytes())["submissions"][0]["isolation"] == "none"


@pytest.fixture(scope="module")
def twice(kernel: None, tmp_path_factory: pytest.TempPathFactory) -> list[Graded]:
    """The same two notebooks, of the same content, graded twice with one seed."""
    folder = tmp_path_factory.mktemp("twice")
    for student in ("student01", "student02"):
        (folder / "class" / student).mkdir(parents=True)
        (folder / "class" / student / "lab1.ipynb").write_text(mistaken(), "utf-8")
    runs: list[Graded] = []
    for turn in ("first", "second"):
        arguments = ("grade", folder / "class", "--out", folder / turn, "--seed", "7", "--train", "none", "--jobs", "2")
        done = grader(*arguments, "--format", "json", "--fail-under", "100")
        runs.append((folder / turn, json.loads(done.stdout), done))
    return runs


def test_with_format_json_stdout_holds_the_results_and_nothing_else(twice: list[Graded]) -> None:
    out, results, _ = twice[0]
    jsonschema.validate(results, SCHEMA)
    assert results == json.loads((out / "results.json").read_bytes())
    assert [row["student"] for row in results["submissions"]] == ["student01", "student02"]
    assert all(Path(row["path"]).is_absolute() for row in results["submissions"])


def test_the_mistake_is_in_results_and_gradebook_and_everything_has_its_page(twice: list[Graded]) -> None:
    out, results, _ = twice[0]
    slugs = {check["mistake"] for check in results["submissions"][0]["checks"]}
    assert "sign-missing" in slugs
    assert "sign-missing" in (out / "gradebook.csv").read_text("utf-8")
    assert {p.relative_to(out).as_posix() for p in out.rglob("*.html")} == {
        "index.html",
        "class.html",
        "student01/lab1_warmup.html",
        "student02/lab1_warmup.html",
    }


def test_a_notebook_below_the_bound_ends_in_exit_code_1_when_all_is_written(twice: list[Graded]) -> None:
    assert [done.returncode for _, _, done in twice] == [1, 1]


def test_progress_is_a_line_for_each_start_and_each_end(twice: list[Graded]) -> None:
    lines = twice[0][2].stderr.splitlines()
    for student in ("student01", "student02"):
        assert f"{student}, lab1_warmup, has started" in lines
        done = re.compile(rf"{student}, lab1_warmup, is done: .* points, ran to the end \(\d of 2\)")
        assert len(list(filter(done.match, lines))) == 1
    assert not [line for line in lines if line.startswith(("WARNING", "I0000", "Traceback"))]


def test_the_same_seed_gives_the_same_results_twice(twice: list[Graded]) -> None:
    first, second = ([row | {"seconds": 0} for row in results["submissions"]] for _, results, _ in twice)
    assert first == second


def test_equal_notebooks_get_equal_pages_apart_from_name_and_time(twice: list[Graded]) -> None:
    pages = {
        timeless((out / student / "lab1_warmup.html").read_text("utf-8").replace(student, "NAME"))
        for out, _, _ in twice
        for student in ("student01", "student02")
    }
    assert len(pages) == 1


def timeless(page: str) -> str:
    return re.sub(r"\d+(\.\d+)? (s|seconds?|min)\b", "TIME", page)


@pytest.fixture(scope="module")
def checked(kernel: None, tmp_path_factory: pytest.TempPathFactory, notebook: Path) -> Callable[..., Any]:
    folder = tmp_path_factory.mktemp("checked")
    (folder / "lab1.ipynb").write_text(mistaken(), "utf-8")
    return lambda right, *flags: grader("check", notebook if right else folder / "lab1.ipynb", "--seed", "3", *flags)


def test_a_students_check_of_right_work_ends_in_exit_code_0(checked: Callable[..., Any]) -> None:
    done = checked(True, "--json")
    assert done.returncode == 0, done.stderr
    jsonschema.validate(json.loads(done.stdout), SCHEMA)
    assert {c["verdict"] for c in json.loads(done.stdout)["submissions"][0]["checks"]} == {"pass"}


def test_a_students_check_of_wrong_work_says_what_to_fix_and_ends_in_exit_code_1(checked: Callable[..., Any]) -> None:
    done = checked(False)
    assert done.returncode == 1
    assert "Fix this first" in done.stdout and "Hint:" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


@pytest.mark.usefixtures("kernel")
def test_a_folder_is_checked_notebook_by_notebook_and_one_that_is_wrong_decides(notebook: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    shutil.copy(notebook, tmp_path / "mine" / "a.ipynb")
    (tmp_path / "mine" / "b.ipynb").write_text(mistaken(), "utf-8")
    page = tmp_path / "summary.md"
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page), "GITHUB_WORKSPACE": str(tmp_path)}
    done = grader("check", tmp_path / "mine", "--lab", "lab1", "--json", "--junit", tmp_path / "own.xml", **variables)
    assert done.returncode == 1, done.stderr
    assert [row["path"].rpartition("/")[2] for row in json.loads(done.stdout)["submissions"]] == ["a.ipynb", "b.ipynb"]
    suites = ElementTree.parse(tmp_path / "own.xml").getroot().findall("testsuite")
    assert [int(suite.attrib["failures"]) > 0 for suite in suites] == [False, True]
    assert "::error file=mine/b.ipynb,title=lab1_warmup%3A " in done.stderr and "mine/a.ipynb" not in done.stderr
    assert page.read_text("utf-8").count("public checks pass") == 2


def test_a_check_is_explained_in_the_words_of_its_rubric(tmp_path: Path) -> None:
    done = grader("explain", "cell")
    assert done.returncode == 0 and "What was tested:" in done.stdout and "Hint:" in done.stdout
    hidden = grader("explain", "accuracy", "--lab", "lab4")
    assert "It is hidden" in hidden.stdout and "Mistake:" not in hidden.stdout
    refused(grader("explain", "cel"), 2, "no check is called 'cel'", "did you mean 'cell'")
    refused(grader("explain", "cell", "--lab", "lab3"), 2, "no check is called 'cell'")


@pytest.fixture
def ctrl_c_heard() -> Iterator[None]:
    """What we start hears it, even if our tests run in the background, where the shell has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("kernel", "ctrl_c_heard")
def test_ctrl_c_ends_everything_at_once_with_exit_code_130(tmp_path: Path) -> None:
    sleeps = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import time; time.sleep(99)")])
    nbformat.write(sleeps, tmp_path / "lab1 - student01.ipynb")
    command = [sys.executable, "-m", "grader", "grade", str(tmp_path), "--out", str(tmp_path / "out")]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert running.stderr is not None
    lines = iter(running.stderr.readline, "")
    assert any("has started" in line for line in lines)
    time.sleep(2)
    family = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(signal.SIGINT)
    try:
        assert running.wait(timeout=20) == 130
        assert "interrupted" in "".join(lines)
        gone, left = psutil.wait_procs(family, timeout=5)
        assert left == [] and gone
        assert not (tmp_path / "out" / "results.json").exists()
    finally:
        running.kill()
        for process in family:
            if process.is_running():
                process.kill()


def test_importing_the_package_takes_no_time() -> None:
    code = "import time; t = time.perf_counter(); import grader; print(time.perf_counter() - t)"
    took = [float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT)) for _ in range(3)]
    assert min(took) < 0.2


def test_help_comes_quickly_and_names_every_command() -> None:
    done = grader("--help")
    assert done.returncode == 0
    for command in ("grade", "check", "verify", "demo", "doctor"):
        assert re.search(rf"\b{command}\b", done.stdout)


def test_nothing_in_a_name_of_a_file_steers_the_terminal(tmp_path: Path) -> None:
    """A clipboard written to, a link, a line of its own."""
    folder = tmp_path / "\x1b]52;c;cm0gLXJm\x07 \x1b]8;;https:example.org\x1b\\a\nall 40 are graded \x9b2J"
    folder.mkdir()
    done = grader("grade", folder, "--out", tmp_path / "out")
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1
    assert not set(done.stderr) & {"\x1b", "\x07", "\x9b"} and "all 40 are graded" in done.stderr
