"""What a command ends with: its exit code, or the error that carries one."""

import logging
from collections.abc import Sequence

from grader.errors import GraderError, NothingReadable, OurFault, UsageError
from grader.model import Outcome, Report, Verdict
from grader.wording.counting import quantity

DONE, NOT_PASSED, INTERRUPTED = 0, 1, 130
NOT_SHOWN_TO_WORK = (Verdict.FAIL, Verdict.BLOCKED, Verdict.UNSURE)


def of_batch(reports: Sequence[Report], fail_under: float | None = None) -> int:
    """Raises where nothing could be read or we failed; all that can be told of the others is written by then."""
    unread = [report for report in reports if report.outcome is Outcome.UNREADABLE]
    if len(unread) == len(reports):
        raise NothingReadable(
            unread[0].summary
            if len(unread) == 1
            else "None of these notebooks could be graded; the class page gives the reason for each."
        )
    ours = sum(report.outcome is Outcome.GRADER_ERROR for report in reports)
    if ours:
        raise OurFault(
            f"The grader itself failed on {ours} of {quantity(len(reports), 'notebook')}; "
            "their points are open. Grade these again, with GRADER_LOG=ERROR to see why."
        )
    shares = [100 * r.card.earned / r.card.possible if r.card.possible else 0.0 for r in reports]
    return NOT_PASSED if fail_under is not None and min(shares) < fail_under else DONE


def of_own_check(report: Report) -> int:
    """A student's own notebook: 0 when all public checks pass that need no reader."""
    code = of_batch([report])
    return NOT_PASSED if any(check.verdict in NOT_SHOWN_TO_WORK for check in report.card.checks) else code


def of_trouble(trouble: Exception) -> tuple[str, int]:
    """The sentence in which it ends, and the code."""
    if usage := getattr(trouble, "format_message", None):  # click's own complaints about arguments
        return f"{usage()} See `grader --help`.", UsageError.exit_code
    if isinstance(code := getattr(trouble, "exit_code", None), int):  # a GraderError, or the reference's own
        return str(trouble), code
    logging.getLogger("grader").error("unexpected", exc_info=trouble)
    sentence = (
        f"this is our fault: {type(trouble).__name__}: {trouble}. Run again with GRADER_LOG=ERROR "
        "to see where, and please report it."
    )
    return sentence, GraderError.exit_code
