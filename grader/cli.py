"""The commands; the only module that prints. JSON goes to stdout, everything else to stderr."""

import logging
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from msgspec.structs import replace
from rich.console import Console
from rich.text import Text

from grader.errors import GraderError, NothingReadable, OurFault, UsageError
from grader.model import Isolation, Outcome, Report, Submission, TrainPolicy, Verdict
from grader.options import (
    Data,
    Deadline,
    FailUnder,
    Format,
    Fresh,
    Jobs,
    Out,
    Plain,
    Seed,
    Seen,
    Train,
    Trusting,
)

if TYPE_CHECKING:
    from grader.data.folder import DataFolder
    from grader.data.parts import Part
    from grader.pipeline import Batch
    from grader.progress import Progress

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Runs, questions and explains notebooks of a course on deep learning for NLP.")
out, err = Console(), Console(stderr=True, highlight=False)

INTERRUPTED = 130


def main() -> NoReturn:
    """Run a command; expected trouble ends in one sentence and its exit code."""
    logging.basicConfig(level=os.environ.get("GRADER_LOG", "CRITICAL").upper(), stream=sys.stderr)
    try:
        code = app(standalone_mode=False) or 0  # the code of a typer.Exit, which Ctrl-C becomes as well
        if code == INTERRUPTED:
            err.print("grader: interrupted; nothing more was written.", style="red")
        sys.exit(code)
    except GraderError as trouble:
        err.print(f"grader: {trouble}", style="red", markup=False, soft_wrap=True)
        sys.exit(trouble.exit_code)
    except Exception as trouble:
        if usage := getattr(trouble, "format_message", None):  # click's own complaints about arguments
            err.print(f"grader: {usage()} See `grader --help`.", style="red", markup=False, soft_wrap=True)
            sys.exit(UsageError.exit_code)
        logging.getLogger("grader").exception("unexpected")
        err.print(f"grader: this is our fault: {type(trouble).__name__}: {trouble}. Run again with GRADER_LOG=ERROR "
                  "to see where, and please report it.", style="red", markup=False, soft_wrap=True)
        sys.exit(GraderError.exit_code)


@app.command()
def grade(  # noqa: PLR0913 - each is a flag of the published command line
    paths: Annotated[list[Path], typer.Argument(help="Notebooks, folders of any nesting, zips.")],
    lab: Annotated[str | None, typer.Option(help="Take every notebook for this lab.")] = None,
    data: Data = None,
    out_folder: Out = Path("grades"),
    jobs: Jobs = 1,
    train: Train = TrainPolicy.BUDGET,
    seed: Seed = None,
    format: Annotated[Format, typer.Option(help="rich: a table; json: results.json on stdout.")] = Format.RICH,
    deadline: Deadline = None,
    fresh: Fresh = False,
    fail_under: FailUnder = None,
    no_accelerate: Plain = False,
    no_blind_test: Seen = False,
    allow_unisolated: Trusting = False,
) -> None:
    """Grade notebooks and write a page for each, a class page, gradebook.csv and results.json."""
    from grader.course import lab_slug
    from grader.intake.collect import collect
    from grader.results import ensure_writable, results_json, write_reports
    from reports.terminal import batch_table

    slug = lab_slug(lab) if lab else None
    batch = replace(batch_for(data, train, seed, deadline), accelerate=not no_accelerate,
                    blind_test=not no_blind_test)
    submissions = collect(paths, slug)
    insist_on_isolation(batch, len(submissions), allow_unisolated)
    ensure_writable(out_folder)
    reports = grade_all(submissions, batch, jobs)
    pages = write_reports(reports, out_folder)
    if format is Format.JSON:
        sys.stdout.buffer.write(results_json(reports))
        sys.stdout.flush()
    else:
        err.print(batch_table(reports))
    shown = pages[0] if len(reports) == 1 else out_folder / "index.html"
    err.print(f"{'Page' if len(reports) == 1 else 'Pages'}: {shown.resolve()}", markup=False, soft_wrap=True)
    finish(reports, fail_under)


def finish(reports: Sequence[Report], fail_under: float | None) -> None:
    """The exit code of a batch; everything is written by then."""
    unread = [report for report in reports if report.outcome is Outcome.UNREADABLE]
    if len(unread) == len(reports):
        raise NothingReadable(unread[0].summary if len(unread) == 1 else
                              "None of these notebooks could be graded; the class page gives the reason for each.")
    ours = sum(report.outcome is Outcome.GRADER_ERROR for report in reports)
    if ours:
        raise OurFault(f"The grader itself failed on {ours} of {len(reports)} notebooks; their points are open. "
                       "Grade these again, with GRADER_LOG=ERROR to see why.")
    shares = [100 * r.card.earned / r.card.possible if r.card.possible else 0.0 for r in reports]
    if fail_under is not None and min(shares) < fail_under:
        raise typer.Exit(1)


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook, as downloaded from Colab.")],
    json: Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")] = False,
    lab: Annotated[str | None, typer.Option(help="Which lab it is, when the notebook does not show it.")] = None,
    data: Data = None,
    seed: Seed = None,
) -> None:
    """Check your own notebook: public checks only, training cut short. Exit 0 when all pass, 1 when not."""
    from grader.course import lab_slug
    from grader.intake.collect import collect
    from grader.results import results_json
    from reports.terminal import check_view

    slug = lab_slug(lab) if lab else None
    batch = batch_for(data, TrainPolicy.NONE, seed, None, public_only=True)
    submissions = collect([notebook], slug)
    if len(submissions) != 1:
        raise UsageError(f"{notebook} holds {len(submissions)} notebooks; give one of them, "
                         "or use `grader grade` for a folder.")
    reports = grade_all(submissions, batch, 1)
    if json:
        sys.stdout.buffer.write(results_json(reports))
        sys.stdout.flush()
    elif reports[0].card.checks:
        out.print(check_view(reports[0]), width=min(out.width, 80))
    finish(reports, None)
    if any(c.verdict in (Verdict.FAIL, Verdict.BLOCKED, Verdict.UNSURE) for c in reports[0].card.checks):
        raise typer.Exit(1)


@app.command()
def verify(
    labs: Annotated[list[str] | None, typer.Argument(help="Slugs; all labs with a rubric when left out.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="One mutant of each mistake, no accepted variants.")] = False,
    seed: Seed = None,
    jobs: Jobs = 2,
) -> None:
    """Prove that solutions earn everything, starters nothing, and every known mistake is named; prints the matrix."""
    from grader.course import lab_slug
    from grader.selfcheck import failures, matrix, trials

    batch = batch_for(None, TrainPolicy.NONE, seed, None)
    chosen = [lab_slug(lab) for lab in labs] if labs else list(batch.rubrics)
    for slug in chosen:
        if slug not in batch.rubrics:
            raise UsageError(f"There is no rubric for {slug} yet. There are: {', '.join(batch.rubrics)}.")
    expected = trials(chosen, fast)
    reports = []
    for policy in sorted({trial.train for trial in expected}):
        asked = [trial.submission for trial in expected if trial.train is policy]
        reports += grade_all(asked, replace(batch, train=policy), jobs)
    out.print(matrix(expected, reports))
    if broken := failures(expected, reports):
        for line in broken:
            err.print(line, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)


@app.command()
def calibrate(
    labs: Annotated[list[str], typer.Argument(help="Slugs of labs that train a classifier.")], data: Data = None,
    seeds: Annotated[int, typer.Option(min=2, help="Trainings of each lab.")] = 59,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Trainings at a time.")] = 1,
    epochs: Annotated[int | None, typer.Option(min=1, help="At most; else the lab's own.")] = None,
) -> None:
    """Measure what right answers reach: train the reference over many seeds, keep the bounds beside the rubrics."""
    from grader.calibrating import calibrations

    with err.status("") as status:
        for told in calibrations(labs, data, seeds, jobs, epochs):
            status.update(Text(told.line))
            if not (told.passing and err.is_terminal):
                err.print(told.line, markup=False, soft_wrap=True)


@app.command()
def demo(
    out_folder: Annotated[Path, typer.Option("--out", help="Where the sample class and its pages go.")] = Path("demo"),
    jobs: Jobs = 2,
) -> None:
    """Grade a bundled sample class offline, on toy data, and say where its pages lie."""
    from grader.results import ensure_writable
    from grader.sample_class import write_sample_class

    ensure_writable(out_folder)
    folder = write_sample_class(out_folder / "submissions")
    err.print(f"A sample class of notebooks was written to {folder.resolve()}.", markup=False, soft_wrap=True)
    grade([folder], out_folder=out_folder / "grades", jobs=jobs, train=TrainPolicy.NONE, allow_unisolated=True)


@app.command()
def doctor() -> None:
    """What this machine offers: isolation, TensorFlow, GPU, data."""
    from grader.doctor import findings

    for name, good, sentence in findings():
        out.print(f"{'✓' if good else '!'} {name}: {sentence}", markup=False, highlight=False, soft_wrap=True)


@app.command("data")
def show_or_fetch_data(
    parts: Annotated[list[str] | None, typer.Argument(help="With --to: which; else all that can be fetched.")] = None,
    to: Annotated[Path | None, typer.Option(help="Copy, convert or download real data into this folder.")] = None,
    data: Data = None,
) -> None:
    """Show which of the course's data is there, or prepare what is missing."""
    from grader.data.fetch import wanted
    from grader.data.folder import data_folder
    from grader.data.inventory import inventory
    from reports.terminal import data_table

    chosen, own = wanted(parts or ()), data_folder(data)
    if to is None and parts:
        raise UsageError(f"Name the folder to put it into: grader data {' '.join(parts)} --to DIR.")
    if to is None:
        out.print(data_table(inventory(own)))
        return
    fetch_all(chosen, own, to.expanduser().absolute())


def fetch_all(parts: "Sequence[Part]", own: "DataFolder", to: Path) -> None:
    from rich.progress import Progress as Bar

    from grader.data.fetch import fetch

    with Bar(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None)
        for part in parts:
            done = fetch(part, own, to, lambda what, n, of: bar.update(task, description=what, completed=n, total=of))
            err.print(done, markup=False, soft_wrap=True)
    err.print(f"To use it: --data {to}, or export GRADER_DATA={to}", markup=False, soft_wrap=True)


def batch_for(data: Path | None, train: TrainPolicy, seed: int | None, deadline: float | None,
              public_only: bool = False) -> "Batch":
    from grader.data.folder import data_folder
    from grader.data.truths import truths_of
    from grader.pipeline import Batch
    from grader.rubric import known_labs, load_rubric
    from grader.sandbox.isolation import best_isolation

    rubrics = {slug: load_rubric(slug) for slug in known_labs()}
    folder = data_folder(data)
    return Batch(rubrics, folder, best_isolation(), train, secrets.randbits(32) if seed is None else seed,
                 deadline, public_only, truths=truths_of(folder))


def insist_on_isolation(batch: "Batch", count: int, allowed: bool) -> None:
    from grader.sandbox.isolation import why_not_jailed

    if batch.isolation is Isolation.NONE and count > 1 and not allowed:
        raise UsageError(f"Without a jail, a batch of other people's code is not run: {why_not_jailed()}. "
                         "If you trust every notebook, add --allow-unisolated.")


def grade_all(submissions: Sequence[Submission], batch: "Batch", jobs: int) -> list[Report]:
    from grader.judging.oracle import Oracle
    from grader.pipeline import grade_batch, in_order

    reports: list[Report] = []
    with Oracle() as oracle, progress(len(submissions), min(jobs, len(submissions))) as shown:
        for report in grade_batch(submissions, batch, oracle, jobs, shown.told):
            shown.done(report)
            reports.append(report)
    return in_order(reports, submissions)


@contextmanager
def progress(total: int, jobs: int) -> Iterator["Progress"]:
    from grader.progress import Progress

    if total > 1:
        err.print(f"{total} notebooks, {jobs} at a time.", markup=False)
    with err.status("") as status:
        yield Progress(status, lambda line: err.print(line, markup=False, soft_wrap=True), total)
