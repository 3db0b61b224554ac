"""Where each second of a batch of lab4 notebooks goes, with two jobs: the second table of `make bench`.

Times of what two notebooks wait for together (the process of formulas, model answers) are counted for each, so they
add up to what a notebook takes, twice as much as the wall time of two jobs.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.batch.model_answers import ModelAnswers
from grader.batch.preparing import batch_asked, resumed
from grader.batch.store import Asked, Store, opened
from grader.commands.handing_out import handed_out
from grader.intake.collect import collect
from grader.judging.oracle import Oracle
from grader.model import Report, TrainPolicy
from grader.pipeline import grade_batch, in_order
from grader.sandbox.session import Session

JOBS = 2
PARTS = {
    "a kernel starts": (Session, "__init__"),
    "the notebook runs": (Session, "run"),
    "it answers questions": (Session, "ask"),
    "model answers are waited for": (ModelAnswers, "_ask"),
    "formulas are waited for": (Oracle, "__call__"),
    "what came back is kept": (Store, "_add"),
    "its kernel ends": (Session, "close"),
}


class Clock:
    """Seconds in methods, without those that one of them called: each has its own row."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._own = threading.local()

    def timed(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def within(*args: Any, **words: Any) -> Any:
            outer, self._own.inner = getattr(self._own, "inner", 0.0), 0.0
            begun = time.monotonic()
            try:
                return method(*args, **words)
            finally:
                whole = time.monotonic() - begun
                self.seconds[name] += whole - self._own.inner
                self._own.inner = outer + whole

        return within


@contextmanager
def clocked() -> Iterator[Clock]:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        for name, (owner, method) in PARTS.items():
            patch.setattr(owner, method, clock.timed(name, getattr(owner, method)))
        yield clock


def measured(folder: Path) -> None:
    """Prints the table. Runs in a process of its own, as a command would."""
    submissions, out, begun = collect([folder / "in"], "lab4_gru"), folder / "grades", time.monotonic()
    asked = Asked(tuple(submissions), None, TrainPolicy.NONE, None, True, True)
    moments: list[float] = []
    with ExitStack() as stack:
        clock = stack.enter_context(clocked())
        store = stack.enter_context(opened(out))
        batch = resumed(batch_asked(asked, None, False), asked, store, None)
        oracle = stack.enter_context(Oracle())
        reports = []
        for report in grade_batch(submissions, batch, oracle, JOBS, lambda submission, what: None):
            reports.append(report)
            moments.append(time.monotonic() - begun)
    graded = time.monotonic()
    handed_out(in_order(reports, submissions), out)
    pages = time.monotonic() - graded
    print("\n".join(table(clock, reports, moments, pages)))


def table(clock: Clock, reports: list[Report], moments: list[float], pages: float) -> Iterator[str]:
    count, whole = len(reports), sum(report.seconds for report in reports)
    yield f"{count} notebooks of lab4, `--train none`, {JOBS} jobs: the first was done after {moments[0]:.1f} s, the"
    yield f"last after {moments[-1]:.1f} s, which is {moments[-1] / count:.2f} s for each; pages and tables took "
    yield f"{pages:.1f} s. A notebook's cells took {sum(map(cell_seconds, reports)) / count:.2f} s.\n"
    yield "| of a notebook's time in its slot | s each | % |"
    yield "|---|---:|---:|"
    rest = whole - sum(clock.seconds[name] for name in PARTS)
    for name, seconds in [*((name, clock.seconds[name]) for name in PARTS), ("it is judged, and all else", rest)]:
        yield f"| {name} | {seconds / count:.2f} | {100 * seconds / whole:.0f} |"
    yield f"| in all | {whole / count:.2f} | 100 |"


def cell_seconds(report: Report) -> float:
    return sum(run.seconds for run in report.run.cells)


def show(count: int, made: nbformat.NotebookNode) -> None:
    from tests.bench_tools import HERE, copies  # noqa: PLC0415 - which shows this table below its own

    with tempfile.TemporaryDirectory() as name:
        copies(made, count, Path(name) / "in", "lab4.ipynb")
        environment = os.environ | {"PYTHONPATH": str(HERE)}
        sys.stdout.flush()
        subprocess.run([sys.executable, "-m", "tests.bench_batch", name], cwd=HERE, env=environment, check=True)


if __name__ == "__main__":
    measured(Path(sys.argv[1]))
