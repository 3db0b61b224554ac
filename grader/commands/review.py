"""Serves the page on which people mark, until it is interrupted; marks as a table, there and back."""

import getpass
import socket
from collections.abc import Iterator
from pathlib import Path

import typer
import uvicorn

from grader.batch.kept_reports import KeptReports
from grader.commands.exit_codes import INTERRUPTED
from grader.course.folder import current_course
from grader.errors import UsageError
from grader.gradebook.decisions import decide
from grader.intake.whole_files import write_whole
from grader.review.desk import look, questions
from grader.review.door import HOST, new_key
from grader.review.evidence import Answers
from grader.review.publishing import publish_decided
from grader.review.serving import Review
from grader.review.tables import read, written
from grader.wording.counting import quantity

_SECONDS = 5  # for answers that are on their way when it is interrupted


def told_of_review(out: Path, port: int, reviewer: str | None) -> Iterator[str]:
    look(out)
    yield from _in_line(out)
    with _listening(port) as listener:
        key = new_key(listener.getsockname()[1])
        review = Review(out, named(reviewer), key)
        asked = questions(look(out))
        yield f"{quantity(sum(question.open for question in asked), 'answer')} to mark. Open {key.address}"
        yield "Only this machine can reach it, with this address alone. Ctrl-C ends it; every mark is kept at once."
        config = uvicorn.Config(
            review.app,
            log_config=None,  # ours is settled already
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_SECONDS,
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


def told_of_marks(out: Path, reviewer: str | None, taken: Path | None, export: Path | None) -> Iterator[str]:
    """A table that is read, one that is written, or first the one and then the other."""
    desk, kept = look(out), KeptReports(out)
    if taken is not None:
        wanted = read(taken, desk, named(reviewer))
        entered = decide(out, wanted, all_or_none=True)
        if entered.conflicts:
            raise UsageError(f"{taken}: somebody decided meanwhile, so nothing was entered. Give the command again.")
        yield f"{quantity(len(entered.wishes), 'mark')} entered from {taken}."
    yield from _in_line(out)
    if export is not None:
        yield f"Marks: {write_whole(export, written(look(out), Answers(kept))).resolve()}"


def named(reviewer: str | None) -> str:
    try:
        return reviewer or getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise UsageError("This machine does not say who you are. Name yourself by --reviewer.") from None


def _in_line(out: Path) -> Iterator[str]:
    """What is decided and not shown yet: of a table just now, or because somebody was killed in between."""
    if count := publish_decided(out, KeptReports(out), current_course().title):
        yield f"{quantity(count, 'hand-in')} brought in line with what was decided."


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise UsageError(f"Port {port} cannot be used ({error.strerror}). Name another by --port.") from None
