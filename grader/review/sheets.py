"""The pages of a review as HTML: the queue, a question across students, a student, and what has to be confirmed."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from grader.course.folder import title_of
from grader.gradebook.decisions import Entry
from grader.model import Verdict
from grader.review.desk import Case, Desk, Question, questions, without_place, words_of
from grader.review.evidence import SAYS_NOTHING, Answers, Group
from grader.review.marking import COMMENT_LENGTH, REASONS, Mark, named
from grader.scoring.score import PENDING
from reports.pages import page

GROUPS = 24  # on a page, so that a browser stays quick with many pictures


class Sheet(Struct, frozen=True):
    """What every page of a review shows beside its own."""

    reviewer: str
    notice: str = ""


class Line(Struct, frozen=True):
    """A check on the page of a student."""

    case: Case
    title: str
    group: Group
    history: Sequence[Entry]


def queue_page(desk: Desk, sheet: Sheet) -> str:
    asked = questions(desk)
    rows = sorted(desk.rows.items(), key=lambda item: (item[1].student.casefold(), item[1].lab or ""))
    return _page(
        "review-queue.html",
        sheet,
        questions=asked,
        first=next((question for question in asked if question.open), None),
        lost=without_place(desk),
        open=sum(question.open for question in asked),
        rows=[(ref, row, title_of(row.lab) or row.lab or "not recognised") for ref, row in rows],
    )


def question_page(desk: Desk, answers: Answers, place: tuple[str, str, int], sheet: Sheet) -> str | None:
    """`place`: lab, check, number of the page. None where nobody decides such a check."""
    lab, check, number = place
    asked = questions(desk)
    at = next((n for n, each in enumerate(asked) if (each.lab, each.check) == (lab, check)), None)
    if at is None:
        return None
    groups = answers.grouped(asked[at].cases)
    pages = max(1, -(-len(groups) // GROUPS))
    number = min(max(number, 1), pages)
    later = [*asked[at + 1 :], *asked[:at]]
    return _page(
        "review-question.html",
        sheet,
        question=asked[at],
        groups=groups[(number - 1) * GROUPS : number * GROUPS],
        pages=pages,
        number=number,
        back=question_address(asked[at], number),
        next=next((question for question in later if question.open), None),
    )


def student_page(ref: str, lines: Sequence[Line], desk: Desk, sheet: Sheet) -> str:
    row = desk.rows[ref]
    return _page(
        "review-student.html",
        sheet,
        ref=ref,
        row=row,
        title=title_of(row.lab) or row.lab or "not recognised",
        lines=lines,
        back=f"/student?{urlencode({'row': ref})}",
    )


class Again(Struct, frozen=True):
    """A mark that was not entered as it was sent."""

    cases: Sequence[Case]
    mark: Mark
    back: str
    trouble: str = ""
    conflicts: Sequence[Case] = ()  # which somebody else decided meanwhile; `cases` are the same
    done: int = 0  # how many others were entered
    taking_back: bool = False


def again_page(again: Again, sheet: Sheet) -> str:
    lab, check = (again.cases[0].row.lab or "", again.cases[0].check.id) if again.cases else ("", "")
    return _page("review-again.html", sheet, again=again, title=words_of(lab, check)[0])


def trouble_page(sentence: str, sheet: Sheet) -> str:
    return _page("review-trouble.html", sheet, sentence=sentence)


def question_address(question: Question, number: int = 1) -> str:
    parts = {"lab": question.lab, "check": question.check} | ({"page": str(number)} if number > 1 else {})
    return f"/question?{urlencode(parts)}"


def _page(template: str, sheet: Sheet, **values: Any) -> str:
    return page(
        template,
        sheet=sheet,
        reasons=REASONS,
        longest=COMMENT_LENGTH,
        named=named,
        address=question_address,
        pending=PENDING,
        says_nothing=SAYS_NOTHING,
        Verdict=Verdict,
        **values,
    )
