"""Whether the grader keeps what it promises: solutions earn everything, starters nothing, every mistake is named."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import PurePath

from msgspec import Struct
from msgspec.structs import replace
from nbformat import NotebookNode
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from grader.course.folder import FILE, current_course, lab_slug, load_rubric
from grader.course.pages import Page, meant
from grader.errors import UsageError
from grader.intake.repair import syntax_error
from grader.intake.submission import read_notebook
from grader.model import Level, Outcome, Report, Scorecard, Submission, TrainPolicy, Verdict
from reference.notebooks import (
    Edits,
    as_json,
    edited,
    edits_path,
    load_edits,
    mistake_of,
    solution,
    solution_path,
    starter,
)


class Promise(StrEnum):
    EVERYTHING = "everything"  # every point, nothing open but what a person reads and a cut training cannot show
    NOTHING = "nothing"  # not a point, and said to be unattempted


class Trial(Struct, frozen=True):
    """A notebook of our own, and what has to be said about it."""

    submission: Submission
    lab: str
    name: str  # solution, starter, or the slug of an edit
    expects: str  # a Promise, or the slug of the mistake that has to be named and to cost points
    train: TrainPolicy = TrainPolicy.NONE  # what it takes to see it


def chosen(labs: Sequence[str] | None) -> list[str]:
    """Slugs of the labs asked for, all of the course if none is."""
    course = current_course()
    if not course.labs:
        raise UsageError(f"{course.folder / FILE}: the course has no lab yet. Add one with `grader new-lab`.")
    return [lab_slug(lab) for lab in labs] if labs else sorted(course.labs)


def by_policy(expected: Sequence[Trial]) -> Iterator[tuple[TrainPolicy, list[Submission]]]:
    """What to grade as one batch: the trials that take the same training to see."""
    for policy in sorted({trial.train for trial in expected}):
        yield policy, [trial.submission for trial in expected if trial.train is policy]


def trials(labs: Sequence[str], fast: bool) -> tuple[Trial, ...]:
    """`fast`: the solution, the starter and the first mutant of each mistake that shows without training."""
    return tuple(trial for lab in labs for trial in _of_lab(lab, fast))


def _of_lab(lab: str, fast: bool) -> Iterator[Trial]:
    yield _trial(lab, "solution", solution(lab), Promise.EVERYTHING)
    yield _trial(lab, "starter", starter(lab), Promise.NOTHING)
    edits = load_edits(lab)
    _insist_on_words(lab, edits)
    if load_rubric(lab).declared:
        _insist_on_python(lab, edits)
    for name, variant in edits.accepted.items():
        if not fast:
            yield _trial(lab, name, edited(lab, variant.edits), Promise.EVERYTHING)
    shown: set[str] = set()
    for name, variant in edits.mistakes.items():
        slug = mistake_of(name)
        trial = _trial(lab, name, edited(lab, variant.edits), slug)
        if variant.trained:
            trial = replace(trial, train=TrainPolicy.BUDGET)
        if not (fast and (slug in shown or variant.trained)):
            yield trial
        shown.add(slug)


def _insist_on_words(lab: str, edits: Edits) -> None:
    """Raises RubricError where an edit shows a mistake that the rubric has no words for, or the other way round."""
    told, shown = load_rubric(lab).mistakes, {mistake_of(name) for name in edits.mistakes}
    rubric = current_course().rubric(lab)
    for name in edits.mistakes:
        if mistake_of(name) not in told:
            remedy = meant(mistake_of(name), told, "; write them there, under mistakes")
            said = f"rubrics/{rubric.name} does not describe {mistake_of(name)!r}{remedy}"
            Page(edits_path(lab)).wrong(said, "mistakes", name)
    for slug in told:
        if slug not in shown:
            said = f"no edit of the solution shows {slug!r}; write one in {edits_path(lab).name}, or take it away"
            Page(rubric).wrong(said, "mistakes", slug)


def _insist_on_python(lab: str, edits: Edits) -> None:
    """Raises RubricError for an edit that leaves a cell without syntax: as a form it would change nothing."""
    for kind, variants in (("accepted", edits.accepted), ("mistakes", edits.mistakes)):
        for name, variant in variants.items():
            for cell in edited(lab, variant.edits).cells:
                if cell.cell_type == "code" and (fault := syntax_error(cell.source)) is not None:
                    line = f"{(fault.text or '').strip()!r}"
                    said = (
                        f"{name!r} makes what is no Python: {fault.msg}, at {line}. Look at what `by` makes of the text"
                    )
                    Page(edits_path(lab)).wrong(said, kind, name)


def _trial(lab: str, name: str, notebook: NotebookNode, expects: str) -> Trial:
    read = read_notebook(PurePath(f"{lab}.ipynb"), as_json(notebook).encode())
    submission = Submission(
        path=solution_path(lab),
        student=f"{lab} {name}",
        lab=lab,
        cells=read.cells,
        repairs=read.repairs,
        fault=read.fault,
        content=read.content,
    )
    return Trial(submission, lab, name, expects)


def failures(expected: Sequence[Trial], reports: Sequence[Report]) -> list[str]:
    """A line for each trial that did not end as promised: which, what was promised, what was seen."""
    found = {report.submission.student: report for report in reports}
    lines = []
    for trial in expected:
        report = found.get(trial.submission.student)
        wrong = "was not graded" if report is None else _broken(trial, report)
        if wrong:
            lines.append(f"{trial.lab} {trial.name}: {wrong}")
    return lines


def _broken(trial: Trial, report: Report) -> str:
    """How the promise was broken; empty when it was kept."""
    card = report.card
    points = f"{card.earned:g} of {card.possible:g} points, {card.pending:g} open"
    seen = f"{points}, {report.outcome}. {_raised(report)}{_told(report)}"
    if not card.checks:
        return f"could not be graded: {report.run.fault}"
    if trial.expects == Promise.EVERYTHING:
        return "" if complete(card) else f"has to earn everything, got {seen}"
    if trial.expects == Promise.NOTHING:
        kept = card.earned == 0 and report.outcome is Outcome.UNATTEMPTED
        return "" if kept else f"has to earn nothing and be called unattempted, got {seen}"
    if trial.expects not in named(report):
        return f"{trial.expects} has to be named, got {seen}"
    return "" if card.earned < card.possible else f"{trial.expects} has to cost points, got {seen}"


def complete(card: Scorecard) -> bool:
    """Every point is earned that needs neither a person nor a whole training, and nothing else is open."""
    read = [check for check in card.checks if check.level is Level.MANUAL and check.verdict is Verdict.MANUAL]
    cut = [check for check in card.checks if check.cut and check.verdict is Verdict.UNSURE]
    open_points = round(sum(check.possible for check in (*read, *cut)), 2)
    return round(card.earned + open_points, 2) == card.possible and card.pending == open_points


def _raised(report: Report) -> str:
    """The first exception of the notebook itself: an edit may have made what is no Python."""
    trouble = next((cell.trouble for cell in report.run.cells if cell.trouble), None)
    return f"It raises {trouble.kind}: {' '.join(trouble.message.split())[:120]}. " if trouble else ""


def _told(report: Report) -> str:
    """What the checks say that did not pass."""
    open_checks = [check for check in report.card.checks if check.verdict not in (Verdict.PASS, Verdict.BLOCKED)]
    return "; ".join(
        f"{check.id} {check.verdict}{f' ({check.mistake})' if check.mistake else ''}: {check.message}"
        for check in open_checks
    )


def named(report: Report) -> frozenset[str]:
    """The mistakes it names."""
    return frozenset(c.mistake for c in report.card.checks if c.mistake and c.verdict is Verdict.FAIL)


def matrix(expected: Sequence[Trial], reports: Sequence[Report]) -> Table:
    """A row for each lab and promise: how many notebooks were to keep it, and which of them did not."""
    found = {report.submission.student: report for report in reports}
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for title in ("What has to be said", "Notebooks", "Not said of"):
        table.add_column(title, justify="right" if title == "Notebooks" else "left", overflow="fold")
    for lab in dict.fromkeys(trial.lab for trial in expected):
        table.add_section()
        table.add_row(Text(lab, style="bold"))
        for expects in dict.fromkeys(trial.expects for trial in expected if trial.lab == lab):
            group = [trial for trial in expected if (trial.lab, trial.expects) == (lab, expects)]
            kept = [t for t in group if t.submission.student in found and not _broken(t, found[t.submission.student])]
            missed = ", ".join(trial.name for trial in group if trial not in kept)
            promise = f"earns {expects}" if expects in list(Promise) else expects
            result = Text(f"✗ {missed}", style="bold red") if missed else Text("✓", style="green")
            table.add_row(f"  {promise}", str(len(group)), result)
    return table
