"""What a further notebook costs here, and in plain nbclient, nbgrader and otter-grader: `make bench`.

    make bench ARGS="--labs lab1 --more 1"        # a quick try

All tools run the same notebooks, which are the model answers of lab1, lab2 and lab4 on toy data, with their trainings
cut to a few epochs in the text; each copy ends in a comment of its own, so that none is taken for another. A further
notebook is one after the first (after the first two with two jobs): from the line that says that the first is done to
the one that says that the last is, divided. nbgrader and otter-grader have environments of their own with the same
TensorFlow, which are made from PyPI in the user's cache when they are first needed.

The others only run a notebook and one assertion in it. Ours also asks it some dozens of questions, in a jail, and the
row of `--train none` is what a teacher gives who lets no notebook train.
"""

import argparse
import copy
import importlib.metadata
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import nbformat
import platformdirs
from msgspec import Struct

from grader.data.folder import data_folder
from reference.notebooks import solution
from tests import bench_batch
from tests.bench_cost import Cost, Moment, cost

LABS = {"lab1": "lab1_warmup", "lab2": "lab2_mlp", "lab4": "lab4_gru"}
EPOCHS = {
    "lab2": ("training_epochs=100", "training_epochs={}"),
    "lab4": ("training_epochs = 500", "training_epochs = {}"),
}
WORKS = "assert 'tf' in globals()"
HERE = Path(__file__).parents[1]
TOOLS = {"nbgrader": "nbgrader==0.9.6", "otter-grader": "otter-grader==7.0.0"}
FOR_NOTEBOOKS = ("ipykernel", "matplotlib", "numpy")
IS_DONE = r"^.* is done: |^is done$"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
OTTER_TEST = {
    "name": "works", "points": 8, "suites": [{
        "cases": [{"code": ">>> 'tf' in globals()\nTrue", "hidden": False, "locked": False}],
        "scored": True, "setup": "", "teardown": "", "type": "doctest",
    }],
}  # fmt: skip


class Row(Struct, frozen=True):
    tool: str
    further: Moment
    peak: int


def notebook(lab: str, epochs: int) -> nbformat.NotebookNode:
    """As a student without Colab would have it: the path of the data is written out, no drive is mounted."""
    made = solution(LABS[lab])
    was, becomes = EPOCHS.get(lab, ("", ""))
    trees = data_folder(None).parts["trees"]
    for cell in made.cells:
        lines = [line for line in cell.source.splitlines() if "drive" not in line or "sst_home" in line]
        source = "\n".join(line for line in lines if not line.startswith("%tensorflow_version"))
        source = re.sub(r'sst_home = ".*"', f'sst_home = "{trees}/"', source)
        cell.source = source.replace(was, becomes.format(epochs)) if was else source
    assert not was or any(becomes.format(epochs) in cell.source for cell in made.cells), f"{lab} trains otherwise now"
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def copies(made: nbformat.NotebookNode, count: int, folder: Path, name: str) -> list[Path]:
    """One for each student: folder/student1/name …"""
    written = []
    for number in range(1, count + 1):
        own = copy.deepcopy(made)
        own.cells.append(nbformat.v4.new_code_cell(f"# student {number}"))
        path = folder / f"student{number}" / name
        path.parent.mkdir(parents=True)
        nbformat.write(own, path)
        written.append(path)
    return written


# Each of these gives the cost of so many copies of a notebook.


def by_nbclient(made: nbformat.NotebookNode, count: int, folder: Path) -> Cost:
    files = copies(made, count, folder / "in", "lab.ipynb")
    program = (
        "import sys, nbformat\nfrom nbclient import NotebookClient\n"
        "for file in sys.argv[1:]:\n"
        "    NotebookClient(nbformat.read(file, 4), timeout=None).execute()\n"
        "    print('is done', flush=True)\n"
    )
    return cost([sys.executable, "-c", program, *files], IS_DONE, folder, QUIET)


def by_nbgrader(made: nbformat.NotebookNode, count: int, folder: Path) -> Cost:
    binary = environment("nbgrader")
    judged = copy.deepcopy(made)
    cell = nbformat.v4.new_code_cell(WORKS)
    cell.metadata["nbgrader"] = {
        "grade": True, "grade_id": "works", "locked": True, "points": 8, "schema_version": 3, "solution": False,
        "task": False,
    }  # fmt: skip
    judged.cells.append(cell)
    source = folder / "source" / "one" / "lab.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(judged, source)
    path = {"PATH": f"{binary}:{os.environ['PATH']}"}
    cost([binary / "nbgrader", "generate_assignment", "one", "--create"], IS_DONE, folder, QUIET | path)
    for number, file in enumerate(copies(judged, count, folder / "in", "lab.ipynb"), 1):
        place = folder / "submitted" / f"student{number}" / "one"
        place.mkdir(parents=True)
        shutil.move(file, place / "lab.ipynb")
    command = [binary / "nbgrader", "autograde", "one", "--create", "--Execute.timeout=600"]
    return cost(command, "Setting destination file permissions", folder, QUIET | path)


def by_otter(made: nbformat.NotebookNode, count: int, folder: Path) -> Cost:
    """A command for each notebook: it has none for a class but with Docker."""
    binary = environment("otter-grader")
    path = {"PATH": f"{binary}:{os.environ['PATH']}"}
    (folder / "tests").mkdir()
    (folder / "out").mkdir()
    (folder / "tests" / "works.py").write_text(f"OK_FORMAT = True\ntest = {OTTER_TEST!r}\n")
    plain = ["--no-config", "--no-requirements", "--no-environment"]
    cost([binary / "otter", "generate", "-t", "tests", "-o", "autograder.zip", *plain], IS_DONE, folder, QUIET | path)
    files = copies(made, count, folder / "in", "lab.ipynb")
    program = 'for file; do otter run -a autograder.zip -o out --no-logo "$file" || exit 1; echo is done; done'
    whole = cost(["/bin/sh", "-c", program, "sh", *files], IS_DONE, folder, QUIET | path)
    assert "8.000 / 8.000" in whole.said, whole.said[-2000:]
    return whole


def by_us(made: nbformat.NotebookNode, count: int, folder: Path, *options: str) -> Cost:
    copies(made, count, folder / "in", "lab.ipynb")
    return grader(folder, "grade", folder / "in", "--out", folder / "grades", *options)


def grader(folder: Path, *arguments: str | Path) -> Cost:
    return cost([sys.executable, "-m", "grader", *arguments], IS_DONE, HERE, {"PYTHONPATH": str(HERE)})


OTHERS: dict[str, Callable[[nbformat.NotebookNode, int, Path], Cost]] = {
    "nbclient": by_nbclient,
    "nbgrader": by_nbgrader,
    "otter-grader": by_otter,
}


def environment(tool: str) -> Path:
    """Its folder of programs; made from PyPI where it is not there. Whoever ends that in the middle begins again."""
    there = importlib.metadata.packages_distributions()["tensorflow"]
    name = next(name for name in ("tensorflow-cpu", "tensorflow") if {name, name.replace("-", "_")} & {*there})
    tensorflow = f"{name}=={importlib.metadata.version(name)}"
    wanted = [TOOLS[tool], tensorflow, *(f"{name}=={importlib.metadata.version(name)}" for name in FOR_NOTEBOOKS)]
    name = "-".join([TOOLS[tool], tensorflow, f"{sys.version_info[0]}.{sys.version_info[1]}"]).replace("==", "-")
    folder = Path(platformdirs.user_cache_dir("grader", appauthor=False), "bench", name)
    if not (folder / "made").is_file():
        print(f"An environment with {TOOLS[tool]} is made in {folder}; this takes minutes, once.", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        made = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
        if made.returncode:
            raise SystemExit(f"{TOOLS[tool]} cannot be installed: {made.stderr[-1000:]}")
        (folder / "made").touch()
    return folder / "bin"


def version_in(tool: str) -> str:
    done = subprocess.run(
        [environment(tool) / "python", "-c", f"import importlib.metadata as m; print(m.version('{tool}'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def rows(lab: str, epochs: int, more: int, only: Sequence[str]) -> Iterator[Row]:
    made = notebook(lab, epochs)
    for name, run in OTHERS.items():
        if name in only:
            with tempfile.TemporaryDirectory() as folder:
                yield row(name, run(made, 1 + more, Path(folder)), 1)
    if "ours" in only:
        yield from our_rows(made, more)


def our_rows(made: nbformat.NotebookNode, more: int) -> Iterator[Row]:
    for jobs in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            count = jobs * (1 + more)
            whole = by_us(made, count, Path(folder), "--train", "full", "--jobs", str(jobs))
            yield row(f"grader, {jobs} job{'s' * (jobs > 1)}", whole, jobs)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield row("grader, `--train none`", by_us(made, 1 + more, folder, "--train", "none", "--jobs", "1"), 1)
        forget_reports(folder / "grades")
        yield row("`grader regrade` of these", grader(folder, "regrade", folder / "grades", "--jobs", "1"), 1)
        whole = grader(folder, "check", next((folder / "in").rglob("*.ipynb")))
        yield Row("`grader check`, one alone", Moment(whole.wall, whole.cpu), whole.peak)


def forget_reports(grades: Path) -> None:
    """As after a change of the rubric: all is judged again, by answers that were kept."""
    with sqlite3.connect(grades / ".grader" / "batch.sqlite") as connection:
        connection.execute("DELETE FROM reports")


def row(tool: str, whole: Cost, first: int) -> Row:
    return Row(tool, whole.further(first), whole.peak)


def told(lab: str, one: Row, load: float) -> None:
    line = f"{one.further.wall:7.2f} s, {one.further.cpu:7.2f} s of processor, {one.peak / 2**20:6.0f} MB"
    print(f"{lab}  {one.tool:26} {line}   (load {load:.1f} before)", file=sys.stderr)


def table(found: dict[str, list[Row]]) -> Iterator[str]:
    """In Markdown. Where a tool was measured several times, its medians."""
    yield f"| a further notebook | {' | '.join(f'{lab}: wall | processor | peak MB' for lab in found)} |"
    yield f"|---|{'---:|' * 3 * len(found)}"
    for tool in dict.fromkeys(one.tool for rows in found.values() for one in rows):
        cells = []
        for several in found.values():
            own = [one for one in several if one.tool == tool]
            middle = [median([pick(one) for one in own]) for pick in PICKS]
            cells += [f"{middle[0]:.2f} s", f"{middle[1]:.2f} s", f"{middle[2] / 2**20:.0f}"] if own else ["–"] * 3
        yield f"| {tool} | {' | '.join(cells)} |"


PICKS: tuple[Callable[[Row], float], ...] = (lambda r: r.further.wall, lambda r: r.further.cpu, lambda r: r.peak)


def median(numbers: Sequence[float]) -> float:
    return statistics.median(numbers) if numbers else float("nan")


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labs", default=",".join(LABS), help="of lab1, lab2, lab4")
    parser.add_argument("--only", default=",".join([*OTHERS, "ours"]), help="of nbclient, nbgrader, otter-grader, ours")
    parser.add_argument("--more", type=int, default=2, help="notebooks after the first, for each job")
    parser.add_argument("--epochs", type=int, default=1, help="of each training")
    parser.add_argument("--rounds", type=int, default=1, help="of everything; more than one gives medians")
    parser.add_argument("--batch", type=int, default=30, help="notebooks of the lab4 batch; 0 leaves it out")
    return parser.parse_args()


def main() -> None:
    wish = asked()
    os.environ.pop("GRADER_DATA", None)
    labs, only = wish.labs.split(","), wish.only.split(",")
    versions = [f"{tool} {version_in(tool)}" for tool in TOOLS if tool in only]
    begun, found = time.monotonic(), {lab: [] for lab in labs}
    loads = [os.getloadavg()[0]]
    for _ in range(wish.rounds):
        for lab in labs:
            for one in rows(lab, wish.epochs, wish.more, only):
                told(lab, one, loads[-1])
                found[lab].append(one)
                loads.append(os.getloadavg()[0])
    print(f"\n{os.cpu_count()} cores, load average {min(loads):.1f} to {max(loads):.1f} between runs; "
          f"nbclient {importlib.metadata.version('nbclient')}, {', '.join(versions)}; {data_folder(None).description}; "
          f"trainings of {wish.epochs} epoch(s); "
        f"{wish.more} further notebook(s) for each job, {wish.rounds} round(s).\n")  # fmt: skip
    print("\n".join(table(found)))
    if wish.batch:
        print()
        bench_batch.show(wish.batch, notebook("lab4", wish.epochs))
    print(f"\nAll of this took {(time.monotonic() - begun) / 60:.1f} minutes.", file=sys.stderr)


if __name__ == "__main__":
    main()
