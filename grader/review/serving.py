"""The web page of a review: which address answers with what, and how a mark that was sent is entered."""

import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.batch.kept_reports import KeptReports
from grader.course.folder import current_course
from grader.errors import GraderError, UsageError
from grader.gradebook.decisions import Entered, decide, decisions_of, history
from grader.intake.person import same
from grader.model import Decision
from grader.review.desk import Case, Desk, look, words_of
from grader.review.door import Key, guarded
from grader.review.evidence import Answers, Group
from grader.review.marking import Mark, chosen, taking_back, wishes
from grader.review.publishing import is_inside, publish_decided
from grader.review.sheets import (
    Again,
    Line,
    Sheet,
    again_page,
    question_page,
    queue_page,
    student_page,
    trouble_page,
)
from grader.scoring.summary import decided_report
from grader.wording.counting import quantity
from reports.feedback import feedback_page
from reports.scrub import name

log = logging.getLogger("grader")

_FIELDS = 5000  # of a form: a class of so many at once
_YEAR = 365 * 24 * 3600


class Review:
    """Of one out folder. What it shows is read anew for every page, since others may decide or grade meanwhile."""

    def __init__(self, out: Path, reviewer: str, key: Key) -> None:
        self.out, self.reviewer, self.key = out, reviewer, key
        self.kept = KeptReports(out)
        self.answers = Answers(self.kept)
        routes = [
            Route("/", self.queue),
            Route("/question", self.question),
            Route("/student", self.student),
            Route("/page", self.feedback),
            Route("/decide", self.posted(self.decide), methods=["POST"]),
            Route("/preview", self.posted(self.preview), methods=["POST"]),
            Route("/reviewer", self.posted(self.rename), methods=["POST"]),
        ]
        self.app = guarded(
            Starlette(routes=routes, exception_handlers={GraderError: self.trouble, Exception: self.fault}), key
        )

    def queue(self, request: Request) -> Response:
        return HTMLResponse(queue_page(look(self.out), self.sheet(request)))

    def question(self, request: Request) -> Response:
        query = request.query_params
        place = query.get("lab", ""), query.get("check", ""), _page_number(query.get("page", ""))
        shown = question_page(look(self.out), self.answers, place, self.sheet(request))
        return HTMLResponse(shown) if shown else self.nothing_there(request)

    def student(self, request: Request) -> Response:
        desk, ref = look(self.out), request.query_params.get("row", "")
        if ref not in desk.rows:
            return self.nothing_there(request)
        lines = [self.line(case) for case in desk.cases(ref)]
        return HTMLResponse(student_page(ref, lines, desk, self.sheet(request)))

    def line(self, case: Case) -> Line:
        place = same(case.row.student), case.row.lab or "", case.check.id
        entries = history(self.out, place) if case.entry else []
        title, _ = words_of(case.row.lab or "", case.check.id)
        return Line(case, title, Group((case,), self.answers.of(case)), entries)

    def feedback(self, request: Request) -> Response:
        """The student's page, as it is now."""
        desk, ref = look(self.out), request.query_params.get("row", "")
        return self.page_of(desk, ref, {}) or self.nothing_there(request)

    def preview(self, request: Request, form: FormData) -> Response:
        """The student's page as it would be; nothing is entered."""
        desk = look(self.out)
        try:
            cases = chosen(desk, _texts(form, "case"))
            (wish,) = wishes(cases[:1], _mark(form), self.named(request))
        except UsageError as error:
            return HTMLResponse(trouble_page(str(error), self.sheet(request)), 422)
        case = cases[0][0]
        mark = Decision(wish.points or 0.0, wish.reason, wish.comment, wish.reviewer, "", case.automatic)
        if shown := self.page_of(desk, case.ref, {case.check.id: mark}):
            return shown
        sentence = "What the notebook did is not kept here, so its page cannot be made. Grade it again to see one."
        return HTMLResponse(trouble_page(sentence, self.sheet(request)), 404)

    def page_of(self, desk: Desk, ref: str, more: dict[str, Decision]) -> Response | None:
        row = desk.rows.get(ref)
        if row is None:
            return None
        report = self.kept.of(row, desk.contents.get((row.student, row.student_id, row.lab or ""), ""))
        if report:
            return HTMLResponse(feedback_page(decided_report(report, decisions_of(desk.entries, row) | more)))
        path = self.out / row.page
        return HTMLResponse(path.read_bytes()) if is_inside(row.page) and path.is_file() and not more else None

    def decide(self, request: Request, form: FormData) -> Response:
        """Marks are on disk before the answer is sent."""
        desk, mark, back = look(self.out), _mark(form), _back(form)
        again = Again((), mark, back, taking_back=form.get("action") == "take-back")
        try:
            cases = chosen(desk, _texts(form, "case"))
        except UsageError as error:
            return self.once_more(request, replace(again, trouble=str(error)), 422)
        again = replace(again, cases=[case for case, _ in cases])
        try:
            reviewer = self.named(request)
            wanted = taking_back(cases, reviewer) if again.taking_back else wishes(cases, mark, reviewer)
        except UsageError as error:
            return self.once_more(request, replace(again, trouble=str(error)), 422)
        entered = decide(self.out, wanted)
        self.publish(len(entered.wishes))
        if entered.conflicts:
            return self.once_more(request, self.late(again, entered), 409)
        said = quantity(len(entered.wishes), "mark")
        return RedirectResponse(f"{back}{'&' if '?' in back else '?'}saved={quote(said)}", 303)

    def late(self, again: Again, entered: Entered) -> Again:
        """With what others decided, to be confirmed."""
        desk, places = look(self.out), {wish.place for wish, _ in entered.conflicts}
        refs = [case.ref for case in again.cases]
        cases = [
            case
            for ref in refs
            if ref in desk.rows
            for case in desk.cases(ref)
            if (same(case.row.student), case.row.lab or "", case.check.id) in places
        ]
        return replace(again, cases=cases, conflicts=cases, done=len(entered.wishes))

    def publish(self, marks: int) -> None:
        try:
            publish_decided(self.out, self.kept, current_course().title)
        except GraderError as error:
            raise UsageError(
                f"{quantity(marks, 'mark')} entered, and kept. The pages could not be brought in line with it: {error}"
            ) from error

    def rename(self, request: Request, form: FormData) -> Response:
        """Of this browser: two people may share one review."""
        answer = RedirectResponse("/", 303)
        chosen_name = name(str(form.get("reviewer", "")))
        if chosen_name:
            answer.set_cookie(self._cookie, quote(chosen_name), httponly=True, samesite="strict", max_age=_YEAR)
        return answer

    def posted(self, answer: Callable[[Request, FormData], Response]) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            form = await request.form(max_files=0, max_fields=_FIELDS)
            return await run_in_threadpool(answer, request, form)

        return endpoint

    def once_more(self, request: Request, again: Again, status: int) -> Response:
        return HTMLResponse(again_page(again, self.sheet(request)), status)

    def trouble(self, request: Request, error: Exception) -> Response:
        return HTMLResponse(trouble_page(str(error), self.sheet(request)), 500)

    def fault(self, request: Request, error: Exception) -> Response:
        log.error("a page of the review failed", exc_info=error)
        sentence = (
            f"This is our fault: {type(error).__name__}. What was saved is kept. Begin the review "
            "with GRADER_LOG=ERROR to see where, and please report it."
        )
        return HTMLResponse(trouble_page(sentence, self.sheet(request)), 500)

    def nothing_there(self, request: Request) -> Response:
        sentence = "Nothing of the kind is there, or not any more. Go back to the queue."
        return HTMLResponse(trouble_page(sentence, self.sheet(request)), 404)

    def sheet(self, request: Request) -> Sheet:
        saved = name(request.query_params.get("saved", ""))
        return Sheet(self.named(request), f"{saved} saved." if saved else "")

    def named(self, request: Request) -> str:
        return name(unquote(request.cookies.get(self._cookie, ""))) or self.reviewer

    @property
    def _cookie(self) -> str:
        return f"{self.key.cookie}-reviewer"


def _mark(form: FormData) -> Mark:
    points, reason, comment = (str(form.get(field, "")) for field in ("points", "reason", "comment"))
    return Mark(points, reason, comment)


def _page_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _texts(form: FormData, field: str) -> list[str]:
    return [value for value in form.getlist(field) if isinstance(value, str)]


def _back(form: FormData) -> str:
    """A page of ours, whatever was sent."""
    wanted = str(form.get("back", ""))
    return wanted if wanted.startswith(("/question?", "/student?")) and wanted.isprintable() else "/"
