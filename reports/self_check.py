"""The answer of `grader.check`: a small page in the cell, plain text in a terminal; in the language asked for."""

from collections.abc import Iterator

from msgspec import Struct

from grader.model import CheckResult, Remark, Scorecard, Verdict
from reports import words
from reports.languages import ENGLISH, gettext, languages, speaking, translated
from reports.pages import page, said

STILL = "Your class is still being asked. If it does not come back, interrupt the cell: nothing of yours is changed."
INTERRUPTED = "The check was interrupted. Nothing of your notebook was changed."
LATE = (
    "A question to your class took more than {seconds} seconds, so the rest was not asked. "
    "Is there a loop without an end?"
)


class Result(Struct, frozen=True):
    """What was found. A notebook shows it as a page, a terminal as text."""

    title: str = ""
    lang: str = "en"
    card: Scorecard = Scorecard()
    remarks: tuple[Remark, ...] = ()
    later: tuple[str, ...] = ()  # titles of public checks that only a grading asks
    hidden: int = 0
    note: str = ""  # a sentence above the checks
    trouble: str = ""  # why nothing was checked

    @property
    def spoken(self) -> str:
        """English where the language is none of ours."""
        return self.lang if self.lang in languages() else ENGLISH

    def __repr__(self) -> str:
        with speaking(self.spoken):
            return "\n".join(lines(self))

    def _repr_html_(self) -> str:
        with speaking(self.spoken):
            return page(
                "self_check.html", result=self, summary=summary(self), first=first_to_fix(self), reasons=reasons(self)
            )


def summary(result: Result) -> str:
    checks = result.card.checks
    passed, later = sum(c.verdict is Verdict.PASS for c in checks), result.hidden + len(result.later)
    doubtful = sum(check.verdict is Verdict.UNSURE for check in checks)
    return standing(passed, len(checks), doubtful, later)


def standing(passed: int, checks: int, doubtful: int = 0, later: int = 0) -> str:
    """Never that all is well: hidden checks run when it is graded."""
    some = f"{passed} of 1 public check passes" if checks == 1 else f"{passed} of {checks} public checks pass"
    parts = [some if checks else "Nothing of this lab can be checked here"]
    left = "1 could not be decided here" if doubtful == 1 else f"{doubtful} could not be decided here"
    parts += [left] if doubtful else []
    parts += [f"{later} more {'runs' if later == 1 else 'run'} when it is graded"] if later else []
    return "; ".join(map(translated, parts)) + "."


def first_to_fix(result: Result) -> CheckResult | None:
    return next((check for check in result.card.checks if check.id == result.card.fix_first), None)


def reasons(result: Result) -> tuple[str, ...]:
    """Why some are not decided: each once, however many checks it stops."""
    open_ones = (check for check in result.card.checks if check.verdict in (Verdict.UNSURE, Verdict.BLOCKED))
    return tuple(dict.fromkeys(check.message for check in open_ones if check.message))


def lines(result: Result) -> Iterator[str]:
    if result.title:
        yield said(result.title)
    if result.trouble:
        yield f"{gettext('Not checked')}: {said(result.trouble)}"
        return
    yield summary(result)
    if result.note:
        yield said(result.note)
    if (first := first_to_fix(result)) is not None:
        yield f"\n{gettext('First to fix')}: {said(first.mistake_title or first.title)}"
        hint = f"{gettext('Hint')}: {said(first.hint)}" if first.hint else ""
        yield from (f"  {text}" for text in (said(first.message), hint) if text)
    yield ""
    for check in result.card.checks:
        yield f"  {words.SIGNS[check.verdict]} {said(check.title)}: {translated(words.VERDICTS[check.verdict])}"
    yield from (f"  {said(reason)}" for reason in reasons(result))
    for title in result.later:
        yield f"  … {said(title)}: {gettext('checked only when it is graded')}"
    yield from (f"\n{gettext('Good to know')}: {said(remark.message)}" for remark in result.remarks)
