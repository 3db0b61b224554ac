"""How far a batch is, told while it runs."""

from collections.abc import Callable

from rich.status import Status
from rich.text import Text

from grader.model import Report, Submission
from reports import scrub, words


class Progress:
    """A line for each submission that starts and for each that is done; in a terminal a last line with all that run."""

    def __init__(self, status: Status, say: Callable[[str], None], total: int) -> None:
        self._status = status
        self._say = say
        self._total = total
        self._done = 0
        self._running: dict[str, str] = {}

    def told(self, submission: Submission, what: str) -> None:
        """Called by the thread that grades the submission."""
        who = called(submission)
        if who not in self._running:
            self._say(f"{who} has started")
        self._running[who] = what
        self._show()

    def done(self, report: Report) -> None:
        who = called(report.submission)
        self._done += 1
        self._running.pop(who, None)
        points = f"{words.points(report.card.earned, report.card.possible)}, " if report.card.checks else ""
        self._say(f"{who} is done: {points}{words.OUTCOMES[report.outcome]} ({self._done} of {self._total})")
        self._show()

    def _show(self) -> None:
        line = "; ".join(f"{who} {what}" for who, what in tuple(self._running.items()))
        self._status.update(Text(line, no_wrap=True, overflow="ellipsis"))


def called(submission: Submission) -> str:
    return f"{scrub.name(submission.student)}, {submission.lab or 'unknown lab'},"
