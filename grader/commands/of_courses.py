"""Commands that make a course and run it. Each yields what is said to whoever gave it, sentence by sentence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from grader.commands.options import Data, Form, Jobs, Out, Train, Trusting
from grader.course.subject import SubjectKind
from grader.model import TrainPolicy
from grader.similarity.pairs import ALIKE

Said = Iterator[str]
# Commands whose lines go to stderr, and those whose lines are what was asked for.
SAYING = ("new_lab", "intake", "certify", "export", "status", "review", "seal", "report", "watch", "similarity")
SHOWING = ("explain", "ready", "leaderboard")


def init(
    folder: Annotated[Path, typer.Argument(help="Where the course goes; a folder that is new or empty.")],
    key: Annotated[bool, typer.Option("--key", help="Only a key for certificates: the course is there.")] = False,
) -> Said:
    """Make an empty course: a folder with course.yaml, a roster and a key, to which labs are added."""
    from grader.commands.init import write_empty_course, write_key

    yield write_key(folder) if key else write_empty_course(folder)


def new_lab(
    slug: Annotated[str, typer.Argument(help="What the lab is called in files: small letters, digits, underscores.")],
    kind: Annotated[SubjectKind, typer.Option(help="What students write in it.")],
) -> Said:
    """Add a small lab to the course, whole and graded at once, to make your own of it."""
    from grader.commands.new_lab import write_new_lab

    yield write_new_lab(slug, kind)


def intake(
    source: Annotated[
        str | None,
        typer.Argument(
            help="An mbox, a Maildir, a folder of .eml files, imaps://…, a CSV of links, a folder or a platform's "
            "download; else the mailbox that course.yaml names."
        ),
    ] = None,
    out_folder: Annotated[Path, typer.Option("--out", help="Where notebooks and intake.json go.")] = Path("hand-ins"),
) -> Said:
    """Take in what students sent: whose it is, which lab, and whether in time. Nothing is sent, nothing is deleted."""
    from grader.commands.intake import told_of_intake

    yield from told_of_intake(source, out_folder)


def watch(  # noqa: PLR0913, PLR0917 - each is a flag of the published command line
    source: Annotated[
        str | None, typer.Argument(help="A folder or a mailbox, as for intake; else the one that course.yaml names.")
    ] = None,
    hand_ins: Annotated[Path, typer.Option(help="Where notebooks and intake.json go.")] = Path("hand-ins"),
    out_folder: Out = Path("grades"),
    every: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="Between two looks.")] = 15.0,
    data: Data = None,
    train: Train = TrainPolicy.BUDGET,
    jobs: Jobs = None,
    allow_unisolated: Trusting = False,
) -> Said:
    """Take in and grade hand-ins as they come, until Ctrl-C; the same command goes on where it was ended."""
    from grader.commands.watch import How, Places, told_of_watch

    yield from told_of_watch(Places(source, hand_ins, out_folder), How(data, train, jobs, allow_unisolated), every)


def certify(
    hand_ins: Annotated[Path, typer.Argument(help="The folder that `grader intake` filled.")] = Path("hand-ins"),
    grades: Annotated[Path, typer.Option(help="The folder that `grader grade` wrote.")] = Path("grades"),
    out_folder: Annotated[Path, typer.Option("--out", help="Where certificates go.")] = Path("certificates"),
    check: Annotated[str | None, typer.Option(metavar="CODE", help="Say whether the course signed this code.")] = None,
) -> Said:
    """Issue certificates of attendance and progress by the rules of course.yaml, and say what others lack."""
    from grader.commands.certify import told_of_certificates, told_of_code

    yield from told_of_code(check) if check is not None else told_of_certificates(hand_ins, grades, out_folder)


def export(
    grades: Annotated[Path, typer.Argument(help="The folder that `grader grade` wrote.")] = Path("grades"),
    to: Annotated[Form, typer.Option(help="Who imports them.")] = Form.MOODLE,
    out_folder: Annotated[Path, typer.Option("--out", help="Where the files go.")] = Path("export"),
) -> Said:
    """Write grades as Moodle, Canvas, Gradescope and readers of JUnit import them."""
    from grader.commands.export import told_of_export

    yield from told_of_export(grades, to, out_folder)


def seal(
    labs: Annotated[list[str] | None, typer.Argument(help="Slugs; else all labs.")] = None,
    place: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where they go.")] = Path("sealed.checks"),
    wheel: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Make a wheel for students there.")] = None,
) -> Said:
    """Seal the public checks, so that students can check themselves without the answers. Minutes for each lab."""
    from grader.commands.seal import seal as sealed_lines

    yield from sealed_lines(labs or (), place, wheel)


def status(
    grades: Annotated[Path, typer.Argument(help="The folder that `grader grade` wrote.")] = Path("grades"),
    backup: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Copy the gradebook there, whoever uses it.")
    ] = None,
) -> Said:
    """Say how each lab stands: handed in, graded, open."""
    from grader.commands.status import told_of_status

    yield from told_of_status(grades, backup)


def review(
    grades: Annotated[Path, typer.Argument(help="The folder that `grader grade` wrote.")] = Path("grades"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    reviewer: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; else who is logged in.")] = None,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a CSV to mark in, and end.")] = None,
    taken: Annotated[Path | None, typer.Option("--import", metavar="FILE", help="Enter its marks, and end.")] = None,
) -> Said:
    """Mark what is open and overrule the grader, on a page that only this machine can reach."""
    from grader.commands.review import told_of_marks, told_of_review

    as_table = export is not None or taken is not None
    yield from told_of_marks(grades, reviewer, taken, export) if as_table else told_of_review(grades, port, reviewer)


def report(
    grades: Annotated[Path, typer.Argument(help="The folder that `grader grade` wrote.")] = Path("grades"),
) -> Said:
    """Render all pages again from what the out folder keeps. Nothing is graded."""
    from grader.commands.report import told_of_pages
    from reports.languages import language

    yield from told_of_pages(grades, language())


def leaderboard(
    lab: Annotated[str, typer.Argument(help="The slug of the lab, or an alias.")],
    out_folder: Annotated[Path, typer.Option("--out", help="The folder that `grader grade` wrote.")] = Path("grades"),
    has_pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Names that the course's key makes, in the place of students' own.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The leaderboard as JSON on stdout.")] = False,
) -> Iterator[RenderableType]:
    """Who reached what on the blind test of a lab, by our own figures, ties told as ties; writes a page as well."""
    from grader.commands.leaderboard import leaderboard_json, told_of_leaderboard

    if json:
        typer.echo(leaderboard_json(lab, out_folder, has_pseudonyms))
    else:
        yield from told_of_leaderboard(lab, out_folder, has_pseudonyms)


def similarity(
    grades: Annotated[Path, typer.Argument(help="The folder that `grader grade` wrote.")] = Path("grades"),
    lab: Annotated[str | None, typer.Argument(help="The slug of one lab, or an alias; else all.")] = None,
    handout: Annotated[
        list[Path] | None, typer.Option(metavar="NOTEBOOK", help="What else was handed out; may be given again.")
    ] = None,
    above: Annotated[
        float, typer.Option(min=1, max=100, metavar="PERCENT", help="How much of the smaller own part is shared.")
    ] = 100 * ALIKE,
) -> Said:
    """Ask about notebooks that look more alike than independent work does, and show them side by side."""
    from grader.commands.similarity import told_of_similarity

    yield from told_of_similarity(grades, lab, handout or (), above)


def explain(
    check: Annotated[str, typer.Argument(help="The name of a check, as results.json and pages have it.")],
    lab: Annotated[str | None, typer.Option(help="Of this lab alone.")] = None,
) -> Said:
    """Say what a check tests, why, and which mistakes it knows."""
    from grader.commands.explain import explained

    yield from explained(check, lab)


def ready(
    notebook: Annotated[str, typer.Argument(help="Your notebook, or the link that you are going to send.")],
    name: Annotated[str, typer.Option(help="Yours, as it is to stand in the mail.")],
    lab: Annotated[str | None, typer.Option(help="Which lab it is, when the notebook does not show it.")] = None,
    data: Data = None,
) -> Said:
    """Run your notebook in a fresh kernel, say what only worked in yours, and write the mail. Exit 1 if not ready."""
    from grader.commands.exit_codes import NOT_PASSED
    from grader.commands.ready import readiness

    found = readiness(notebook, lab, name, data)
    yield from found.lines
    if not found.ready:
        raise typer.Exit(NOT_PASSED)
