"""The commands; the only module that prints. JSON goes to stdout, everything else to stderr."""

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from msgspec.structs import replace
from rich.console import Console
from rich.text import Text

from grader.commands import exit_codes, of_courses
from grader.commands.options import (
    Data,
    Deadline,
    Executor,
    FailUnder,
    Format,
    Fresh,
    Jobs,
    NamePattern,
    On,
    Out,
    Plain,
    Seed,
    Seen,
    Train,
    Trusting,
    Unequal,
    command_of,
    options,
    saying,
)
from grader.errors import UsageError
from grader.model import Report, TrainPolicy

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    callback=options,
    help="Runs, questions and explains notebooks of a course on deep learning for NLP.",
)
command = command_of(app)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def main() -> NoReturn:
    """Run a command; expected trouble ends in one sentence and its exit code."""
    logging.basicConfig(level=os.environ.get("GRADER_LOG", "CRITICAL").upper(), stream=sys.stderr)
    try:
        code = app(standalone_mode=False) or 0  # the code of a typer.Exit, which Ctrl-C becomes as well
        if code == exit_codes.INTERRUPTED:
            err.print("grader: interrupted. What was graded is kept: give the same command to continue.", style="red")
        sys.exit(code)
    except Exception as trouble:
        fail(*exit_codes.of_trouble(trouble))


def fail(sentence: str, code: int) -> NoReturn:
    from reports.terminal import complaint

    err.print(complaint(sentence), soft_wrap=True)
    sys.exit(code)


@command()
def grade(  # noqa: PLR0913 - each is a flag of the published command line
    paths: Annotated[list[Path], typer.Argument(help="Notebooks, folders of any nesting, zips.")],
    lab: Annotated[str | None, typer.Option(help="Take every notebook for this lab.")] = None,
    data: Data = None,
    out_folder: Out = Path("grades"),
    jobs: Jobs = None,
    train: Train = TrainPolicy.BUDGET,
    seed: Seed = None,
    format: Annotated[Format, typer.Option(help="rich: a table; json: results.json on stdout.")] = Format.RICH,
    deadline: Deadline = None,
    fresh: Fresh = False,
    fail_under: FailUnder = None,
    no_accelerate: Plain = False,
    no_equal_training: Unequal = False,
    no_blind_test: Seen = False,
    allow_unisolated: Trusting = False,
    name_pattern: NamePattern = None,
    executor: On = Executor.LOCAL,
) -> None:
    """Grade notebooks and write a page for each, a class page, gradebook.csv and results.json.

    After an interruption, give the same command again: what has been graded is not run again.
    """
    from grader.batch.preparing import batch_asked, handed_in, resumed
    from grader.batch.store import Asked, opened
    from grader.commands.executors import grading
    from grader.scoring.results import ensure_writable

    submissions, passed_over = handed_in(paths, lab, name_pattern, out_folder)
    say(passed_over)
    asked = Asked(submissions, data and data.absolute(), train, deadline, not no_accelerate, not no_blind_test)
    batch = batch_asked(asked, seed, allow_unisolated, not no_equal_training)
    graded = grading(executor, submissions, batch, jobs, say, err)
    ensure_writable(out_folder)
    with opened(out_folder) as store:
        say(store.begin(fresh))
        reports = graded(resumed(batch, asked, store, seed))
        store.end()
    hand_out(reports, out_folder, format, fail_under)


@command()
def regrade(  # noqa: PLR0913 - each is a flag of the published command line
    out_folder: Annotated[Path, typer.Argument(help="Where `grader grade` put its pages.")] = Path("grades"),
    jobs: Jobs = None,
    seed: Seed = None,
    format: Annotated[Format, typer.Option(help="rich: a table; json: results.json on stdout.")] = Format.RICH,
    fail_under: FailUnder = None,
    allow_unisolated: Trusting = False,
    no_equal_training: Unequal = False,
) -> None:
    """Judge a graded batch by the rubrics as they are now; a notebook runs again only where it is asked new things."""
    from grader.batch.preparing import asked_before, batch_asked, resumed
    from grader.batch.store import opened
    from grader.commands.progress import graded

    if not out_folder.is_dir():
        raise UsageError(f"{out_folder}: there is no such folder. Give the one that `grader grade --out` wrote.")
    with opened(out_folder) as store:
        say(store.begun_anew)
        asked = asked_before(store, out_folder)
        batch = batch_asked(asked, seed, allow_unisolated, not no_equal_training)
        reports = graded(asked.submissions, resumed(batch, asked, store, seed), jobs, say, err)
    hand_out(reports, out_folder, format, fail_under)


@command()
def show(
    submission: Annotated[str, typer.Argument(help="The student's name, or the path, as in results.json.")],
    out_folder: Out = Path("grades"),
) -> None:
    """Show every question that a graded notebook was asked, and what it answered."""
    from grader.commands.show import shown
    from reports.questions import questions_view

    out.print(questions_view(*shown(submission, out_folder)))


def hand_out(reports: list[Report], out_folder: Path, format: Format, fail_under: float | None) -> None:
    """Pages, tables and the exit code of a batch; rows of earlier ones stay beside it."""
    from grader.commands.handing_out import handed_out
    from reports.terminal import batch_table

    reports, told = handed_out(reports, out_folder)
    if format is Format.JSON:
        sys.stdout.buffer.write((out_folder / "results.json").read_bytes())
        sys.stdout.flush()
    else:
        err.print(batch_table(reports))
    for line in told:
        say(line)
    raise typer.Exit(exit_codes.of_batch(reports, fail_under))


@command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook, as downloaded from Colab, or a folder of yours.")],
    json: Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="The result as JUnit's XML, for a CI.")] = None,
    lab: Annotated[str | None, typer.Option(help="Which lab it is, when the notebook does not show it.")] = None,
    data: Data = None,
    seed: Seed = None,
) -> None:
    """Check your own notebook: public checks only, training cut short. Exit 0 when all pass, 1 when not."""
    from grader.commands.own_check import own_checks, told_to_programs
    from grader.scoring.results import results_json
    from reports.terminal import check_view

    reports = own_checks(notebook, lab, data, seed, say, err)
    if json:
        sys.stdout.buffer.write(results_json(reports))
        sys.stdout.flush()
    for report in () if json else reports:
        out.print(check_view(report) if report.card.checks else "", width=min(out.width, 80))
    for line in told_to_programs(reports, junit):
        say(line)
    raise typer.Exit(max(map(exit_codes.of_own_check, reports)))


@command()
def verify(
    labs: Annotated[list[str] | None, typer.Argument(help="Slugs; all labs of the course when left out.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="One mutant of each mistake, no accepted variants.")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="Run each as a notebook of its own.")] = False,
    seed: Seed = None,
    jobs: Jobs = None,
) -> None:
    """Prove that solutions earn everything, starters nothing, and every known mistake is named; prints the matrix."""
    from grader.batch.preparing import batch_for
    from grader.commands.forms import by_forms, proved
    from grader.commands.progress import graded
    from grader.commands.verify import by_policy, chosen, failures, matrix, trials

    batch = batch_for(None, TrainPolicy.NONE, seed, None)
    expected = trials(chosen(labs), fast)
    forms = [trial for trial in expected if not whole and by_forms(trial, batch)]
    with err.status("") as status:
        reports, alike = proved(forms, batch, lambda name: status.update(Text(name)))
    for policy, submissions in by_policy([trial for trial in expected if trial not in forms]):
        reports += graded(submissions, replace(batch, train=policy), jobs, say, err)
    out.print(matrix(expected, reports))
    broken = [*alike, *failures(expected, reports)]
    say("\n".join(broken), style="red")
    raise typer.Exit(exit_codes.NOT_PASSED if broken else exit_codes.DONE)


@command()
def calibrate(
    labs: Annotated[list[str], typer.Argument(help="Slugs of labs that train a classifier.")],
    data: Data = None,
    seeds: Annotated[int, typer.Option(min=2, help="Trainings of each lab.")] = 59,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Trainings at a time.")] = 1,
    epochs: Annotated[int | None, typer.Option(min=1, help="At most; else the lab's own.")] = None,
) -> None:
    """Measure what right answers reach: train the reference over many seeds, keep the bounds beside the rubrics."""
    from grader.commands.calibrate import calibrations

    with err.status("") as status:
        for told in calibrations(labs, data, seeds, jobs, epochs):
            status.update(Text(told.line))
            if not (told.passing and err.is_terminal):
                say(told.line)


@command()
def demo(
    out_folder: Annotated[Path, typer.Option("--out", help="Where the sample class and its pages go.")] = Path("demo"),
    jobs: Jobs = None,
) -> None:
    """Grade a bundled sample class offline, on toy data, and say where its pages lie."""
    from grader.commands.demo import write_sample_class

    folder = write_sample_class(out_folder / "submissions")
    say(f"A sample class of notebooks was written to {folder.resolve()}.")
    grade([folder], out_folder=out_folder / "grades", jobs=jobs, train=TrainPolicy.NONE, allow_unisolated=True)


@command()
def doctor(gpu: Annotated[bool, typer.Option("--gpu", help="Try the GPU, by a notebook of ours.")] = False) -> None:
    """What this machine offers, and what the course lacks: isolation, TensorFlow, GPU, data, days, key, fonts."""
    from grader.commands.doctor import findings

    for name, good, sentence in findings(gpu):
        out.print(f"{'✓' if good else '!'} {name}: {sentence}", markup=False, soft_wrap=True)


@command("data")
def show_or_fetch_data(
    parts: Annotated[list[str] | None, typer.Argument(help="With --to: which; else all that can be fetched.")] = None,
    to: Annotated[Path | None, typer.Option(help="Copy, convert or download real data into this folder.")] = None,
    data: Data = None,
) -> None:
    """Show which of the course's data is there, or prepare what is missing."""
    from grader.commands.data import fetched, on_disk
    from grader.data.fetch import wanted
    from grader.data.folder import data_folder

    chosen, own = wanted(parts or ()), data_folder(data)
    if to is None and parts:
        raise UsageError(f"Name the folder to put it into: grader data {' '.join(parts)} --to DIR.")
    if to is None:
        out.print(on_disk(own))
        return
    for done in fetched(chosen, own, to.expanduser().absolute(), err):
        say(done)


def say(line: str, style: str | None = None) -> None:
    """Nothing where there is nothing to say."""
    if line:
        err.print(line, style=style, markup=False, soft_wrap=True)


app.command()(saying(of_courses.init, say))  # the one that has no --course
for name in of_courses.SAYING:
    command(name.replace("_", "-"))(saying(getattr(of_courses, name), say))
for name in of_courses.SHOWING:
    command(name)(saying(getattr(of_courses, name), partial(out.print, markup=False, soft_wrap=True)))
