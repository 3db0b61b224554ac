"""What the instructor sees of a class: a row for each notebook, the commonest mistakes, what could not be read."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from grader.model import Outcome, Report, Verdict
from reports import words
from reports.pages import page


class Row(Struct, frozen=True):
    report: Report
    href: str
    mistakes: tuple[str, ...]


class LabMistakes(Struct, frozen=True):
    """How often each mistake was named in a lab, the commonest first."""

    lab: str
    notebooks: int
    counts: tuple[tuple[str, int], ...]


def class_page(reports: Sequence[Report], links: Sequence[str]) -> str:
    """`links` holds, for each report, its page relative to this one."""
    rows = [Row(report, href, named_mistakes(report)) for report, href in zip(reports, links, strict=True)]
    rows.sort(key=lambda row: (row.report.submission.student.casefold(), row.report.submission.lab or "~", row.href))
    return page(
        "class.html",
        rows=rows,
        labs=common_mistakes(reports),
        outcomes=_outcomes(reports),
        unread=[row for row in rows if row.report.outcome is Outcome.UNREADABLE],
        ours=[row for row in rows if row.report.outcome is Outcome.GRADER_ERROR],
        unisolated=sum(words.ran_unisolated(report) for report in reports),
    )


def named_mistakes(report: Report) -> tuple[str, ...]:
    """In the words of the rubric, each once."""
    failed = (check for check in report.card.checks if check.mistake and check.verdict is Verdict.FAIL)
    return tuple(dict.fromkeys(check.mistake_title or str(check.mistake) for check in failed))


def common_mistakes(reports: Iterable[Report]) -> tuple[LabMistakes, ...]:
    """A mistake counts once for each notebook that shows it."""
    counts: dict[str, Counter[str]] = {}
    notebooks: Counter[str] = Counter()
    for report in reports:
        if report.outcome is not Outcome.UNREADABLE:
            notebooks[words.lab_name(report)] += 1
            counts.setdefault(words.lab_name(report), Counter()).update(named_mistakes(report))
    return tuple(
        LabMistakes(lab, notebooks[lab], tuple(sorted(counts[lab].items(), key=lambda item: (-item[1], item[0]))))
        for lab in sorted(counts)
    )


def _outcomes(reports: Iterable[Report]) -> tuple[tuple[str, int], ...]:
    """How many notebooks ended in which way, in the order of Outcome."""
    counts = Counter(report.outcome for report in reports)
    return tuple((words.OUTCOMES[outcome], counts[outcome]) for outcome in Outcome if counts[outcome])
