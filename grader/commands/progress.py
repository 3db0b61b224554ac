"""How far a batch is, told while it runs: a live view in a terminal, a line for each event elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from grader.batch.shared import Batch
from grader.judging.oracle import Oracle
from grader.model import Outcome, Report, Submission
from grader.pipeline import ToldOf, grade_batch, in_order, slots_for
from grader.running.slots import Slot, at_a_time
from grader.wording.counting import quantity
from reports import scrub, words
from reports.languages import translated

WELL = (Outcome.OK, Outcome.UNATTEMPTED)


def bars(console: Console) -> Bars:
    """On top a bar for the whole batch, below it a row for each notebook that runs."""
    return Bars(
        SpinnerColumn(),
        TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        expand=True,
    )


class Progress:
    """Called by the threads that grade; `say` prints a line above the bars."""

    def __init__(self, shown: Bars, say: Callable[[str], None], total: int) -> None:
        self._bars = shown
        self._say = say
        self._total = total
        self._done = self._failed = 0
        self._rows: dict[str, TaskID] = {}
        self._context = copy_context()  # which holds the language; those threads have contexts of their own
        self._all = shown.add_task(translated(quantity(total, "notebook")), total=total, count=f"0/{total}")

    def told(self, submission: Submission, what: str) -> None:
        who = called(submission)
        if who not in self._rows:
            self._rows[who] = self._bars.add_task("", total=None, count="")
            if self._bars.disable:
                self._say(f"{who} {self._translated('has started')}")
        self._bars.update(self._rows[who], description=_plain(f"{who} {self._translated(what)}"))

    def _translated(self, text: str) -> str:
        return self._context.copy().run(translated, text)

    def done(self, report: Report) -> None:
        who = called(report.submission)
        self._done += 1
        self._failed += report.outcome not in WELL
        if who in self._rows:
            self._bars.remove_task(self._rows.pop(who))
        points = f"{translated(words.points(report.card.earned, report.card.possible))}, " if report.card.checks else ""
        number, running = self._done, len(self._rows)
        count = translated(f"({number} of {self._total})")
        how = translated(words.OUTCOMES[report.outcome])
        self._say(f"{who} {translated('is done')}: {points}{how} {count}")
        failed = f", {self._failed} not to the end" if self._failed else ""
        told = translated(f"{running} running{failed}")
        self._bars.update(self._all, completed=number, description=told, count=f"{number}/{self._total}")


Say = Callable[[str], None]
Grading = Callable[[Sequence[Submission], Batch, int | None, ToldOf, Say], Iterator[Report]]  # reports as they are done


def here(submissions: Sequence[Submission], batch: Batch, jobs: int | None, told: ToldOf, say: Say) -> Iterator[Report]:
    """On this machine."""
    say(begun(len(submissions), slots_for(submissions, batch, jobs)))
    with Oracle() as oracle:
        yield from grade_batch(submissions, batch, oracle, jobs, told)


def graded(
    submissions: Sequence[Submission],
    batch: Batch,
    jobs: int | None,
    say: Say,
    console: Console,
    where: Grading = here,
) -> list[Report]:
    """All reports, in the order of the submissions; what happens meanwhile is shown on the console."""
    reports: list[Report] = []
    with bars(console) as shown_bars:
        shown = Progress(shown_bars, say, len(submissions))
        for report in where(submissions, batch, jobs, shown.told, say):
            shown.done(report)
            reports.append(report)
    return in_order(reports, submissions)


def begun(number: int, places: Sequence[Slot]) -> str:
    """Nothing is said of a notebook by itself."""
    return f"{number} notebooks, {at_a_time(places[:number])}." if number > 1 else ""


def called(submission: Submission) -> str:
    return f"{scrub.name(submission.student)}, {submission.lab or 'unknown lab'},"


def _plain(text: str) -> str:
    """A student's name is no markup."""
    return Text(text).markup
