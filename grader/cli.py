"""The commands; the only module that prints. JSON goes to stdout, everything else to stderr."""

import logging
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Iterator, NoReturn

import typer
from rich.console import Console

from grader.errors import GraderError, UsageError
from grader.model import Isolation, Report, Submission, TrainPolicy, Verdict

if TYPE_CHECKING:
    from grader.judging.oracle import Oracle
    from grader.pipeline import Batch

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Runs, questions and explains notebooks of a course on deep learning for NLP.")
out, err = Console(), Console(stderr=True, highlight=False)

INTERRUPTED = 130


class Format(StrEnum):
    RICH = "rich"
    JSON = "json"


def main() -> NoReturn:
    """Run a command; expected trouble ends in one sentence and its exit code."""
    logging.basicConfig(level=os.environ.get("GRADER_LOG", "CRITICAL").upper(), stream=sys.stderr)
    try:
        app(standalone_mode=False)
        sys.exit(0)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except GraderError as trouble:
        err.print(f"grader: {trouble}", style="red", markup=False, soft_wrap=True)
        sys.exit(trouble.exit_code)
    except KeyboardInterrupt:
        err.print("grader: interrupted.", style="red")
        sys.exit(INTERRUPTED)
    except Exception as trouble:
        if usage := getattr(trouble, "format_message", None):  # click's own complaints about arguments
            err.print(f"grader: {usage()} See `grader --help`.", style="red", markup=False, soft_wrap=True)
            sys.exit(UsageError.exit_code)
        logging.getLogger("grader").exception("unexpected")
        err.print(f"grader: this is our fault: {type(trouble).__name__}: {trouble}. Run again with GRADER_LOG=ERROR "
                  "to see where, and please report it.", style="red", markup=False, soft_wrap=True)
        sys.exit(GraderError.exit_code)


Data = Annotated[Path | None, typer.Option("--data", help="The course's data folder; else $GRADER_DATA, else toy data.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Makes a batch repeatable; else a secret random one.")]


@app.command()
def grade(  # noqa: PLR0913 - each is a flag of the published command line
    paths: Annotated[list[Path], typer.Argument(help="Notebooks, folders of any nesting, zips.")],
    lab: Annotated[str | None, typer.Option(help="Take every notebook for this lab.")] = None,
    data: Data = None,
    out_folder: Annotated[Path, typer.Option("--out", help="Where pages, gradebook.csv and results.json go.")] = Path("grades"),
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Notebooks at a time.")] = 1,
    train: Annotated[TrainPolicy, typer.Option(help="full, budget (the rubric's), none (one step).")] = TrainPolicy.BUDGET,
    seed: Seed = None,
    format: Annotated[Format, typer.Option(help="rich: a table; json: results.json on stdout.")] = Format.RICH,
    deadline: Annotated[float | None, typer.Option(min=1, help="Seconds for each submission; else the rubric's.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Take nothing from earlier runs (nothing is kept yet).")] = False,
    fail_under: Annotated[float | None, typer.Option(min=0, max=100, help="Exit 1 when a notebook earns less than this percentage.")] = None,
    no_accelerate: Annotated[bool, typer.Option("--no-accelerate", help="Train as written (nothing is accelerated yet).")] = False,
    no_blind_test: Annotated[bool, typer.Option("--no-blind-test", help="Show notebooks the true test labels (they are shown yet).")] = False,
    allow_unisolated: Annotated[bool, typer.Option("--allow-unisolated", help="Grade a batch without a jail.")] = False,
) -> None:
    """Grade notebooks and write a page for each, a class page, gradebook.csv and results.json."""
    from grader.collect import collect
    from grader.course import lab_slug
    from grader.results import ensure_writable, results_json, write_reports
    from reports.terminal import batch_table

    slug = lab_slug(lab) if lab else None
    batch = batch_for(data, train, seed, deadline)
    ensure_writable(out_folder)
    submissions = collect(paths, slug)
    insist_on_isolation(batch, len(submissions), allow_unisolated)
    reports = grade_all(submissions, batch, jobs)
    pages = write_reports(reports, out_folder)
    if format is Format.JSON:
        sys.stdout.buffer.write(results_json(reports))
        sys.stdout.flush()
    else:
        err.print(batch_table(reports))
    err.print(f"{len(reports)} graded. Pages: {pages[0] if len(pages) == 1 else out_folder.resolve() / 'index.html'}", soft_wrap=True)
    finish(reports, fail_under)


def finish(reports: Sequence[Report], fail_under: float | None) -> None:
    from grader.errors import NothingReadable
    from grader.model import Outcome

    if all(report.outcome is Outcome.UNREADABLE for report in reports):
        raise NothingReadable("None of the notebooks could be graded; the class page gives the reason for each.")
    if fail_under is None:
        return
    shares = [100 * r.card.earned / r.card.possible if r.card.possible else 0.0 for r in reports]
    if min(shares) < fail_under:
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
    from grader.collect import collect
    from grader.course import lab_slug
    from grader.errors import NothingReadable
    from grader.results import results_json
    from reports.terminal import check_view

    batch = batch_for(data, TrainPolicy.NONE, seed, None, public_only=True)
    submissions = collect([notebook], lab_slug(lab) if lab else None)
    if len(submissions) != 1:
        raise UsageError(f"{notebook} holds {len(submissions)} notebooks; give one of them, or use `grader grade` for a folder.")
    report = grade_all(submissions, batch, 1)[0]
    if json:
        sys.stdout.buffer.write(results_json([report]))
        sys.stdout.flush()
    else:
        out.print(check_view(report))
    if not report.card.checks:
        raise NothingReadable(f"{notebook}: {report.run.fault}")
    if any(c.verdict in (Verdict.FAIL, Verdict.BLOCKED, Verdict.UNSURE) for c in report.card.checks):
        raise typer.Exit(1)


@app.command()
def verify(
    labs: Annotated[list[str] | None, typer.Argument(help="Slugs; all labs with a rubric when left out.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="One mutant of each mistake, no accepted variants.")] = False,
    seed: Seed = None,
    jobs: Annotated[int, typer.Option(min=1, max=64)] = 2,
) -> None:
    """Prove that solutions earn everything, starters nothing, and every known mistake is named; prints the matrix."""
    from grader.course import lab_slug
    from grader.selfcheck import failures, matrix, trials
    from grader.rubric import known_labs

    batch = batch_for(None, TrainPolicy.NONE, seed, None)
    chosen = [lab_slug(lab) for lab in labs] if labs else list(known_labs())
    for slug in chosen:
        if slug not in batch.rubrics:
            raise UsageError(f"There is no rubric for {slug} yet. There are: {', '.join(batch.rubrics)}.")
    expected = trials(chosen, fast)
    with oracle() as answers, notes() as told:
        from grader.pipeline import grade_batch

        results = list(grade_batch([trial.submission for trial in expected], batch, answers, jobs, told))
    out.print(matrix(expected, results))
    if bad := failures(expected, results):
        for line in bad:
            err.print(line, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)


@app.command()
def demo(
    out_folder: Annotated[Path, typer.Option("--out")] = Path("demo"),
    jobs: Annotated[int, typer.Option(min=1, max=64)] = 2,
) -> None:
    """Grade a bundled sample class offline, on toy data, and say where its pages lie."""
    from grader.sample_class import write_sample_class

    folder = write_sample_class(out_folder / "submissions")
    err.print(f"A sample class of notebooks was written to {folder}.", soft_wrap=True)
    grade([folder], out_folder=out_folder / "grades", jobs=jobs, train=TrainPolicy.NONE, allow_unisolated=True)


@app.command()
def doctor() -> None:
    """What this machine offers: isolation, TensorFlow, GPU, data."""
    from grader.doctor import findings

    for name, good, sentence in findings():
        out.print(f"{'✓' if good else '!'} {name}: {sentence}", markup=False, highlight=False, soft_wrap=True)


def batch_for(
    data: Path | None, train: TrainPolicy, seed: int | None, deadline: float | None, public_only: bool = False,
) -> "Batch":
    from grader.data import data_folder
    from grader.pipeline import Batch
    from grader.rubric import known_labs, load_rubric
    from grader.sandbox.isolation import best_isolation

    rubrics = {slug: load_rubric(slug) for slug in known_labs()}
    return Batch(rubrics, data_folder(data), best_isolation(), train, secrets.randbits(32) if seed is None else seed,
                 deadline, public_only)


def insist_on_isolation(batch: "Batch", count: int, allowed: bool) -> None:
    from grader.sandbox.isolation import why_not_jailed

    if batch.isolation is Isolation.NONE and count > 1 and not allowed:
        raise UsageError(f"Without a jail, a batch of other people's code is not run: {why_not_jailed()}. "
                         "If you trust every notebook, add --allow-unisolated.")


def grade_all(submissions: Sequence[Submission], batch: "Batch", jobs: int) -> list[Report]:
    from grader.pipeline import grade_batch, in_order

    with oracle() as answers, notes() as told:
        reports = []
        for report in grade_batch(submissions, batch, answers, jobs, told):
            reports.append(report)
            told(report.submission, f"done ({len(reports)} of {len(submissions)}): "
                 f"{report.card.earned:g} of {report.card.possible:g} points, {report.outcome.value.replace('_', ' ')}")
        return in_order(reports, submissions)


@contextmanager
def oracle() -> Iterator["Oracle"]:
    from grader.judging.oracle import Oracle

    with Oracle() as answers:
        yield answers


@contextmanager
def notes() -> Iterator[Callable[[Submission, str], None]]:
    """A line for each submission that starts, is asked, is done; in a terminal the cells in between as a status."""
    from reports.scrub import name

    started: set[tuple[str, str | None]] = set()
    with err.status("") as status:
        def told(submission: Submission, what: str) -> None:
            key = (submission.student, submission.lab)
            who = f"{name(submission.student)}, {submission.lab or 'unknown lab'}"
            status.update(f"{who} {what}")
            if what.startswith("done") or key not in started:
                started.add(key)
                err.print(f"{who} {what if what.startswith('done') else 'runs'}", markup=False, soft_wrap=True)

        yield told
