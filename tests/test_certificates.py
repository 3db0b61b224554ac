"""Certificates: who earns one by the rules of the course, what is signed, what stays when the grader is killed."""

import csv
import os
import re
import signal
import stat
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sample_course import ROOT
from sample_grades import graded
from sample_mailbox import mail_course
from test_cli import grader, refused

from grader.certificates.pdf import as_pdf
from grader.certificates.rules import Kind, lacking, standings
from grader.certificates.signing import Statement, checked, make_key, signed
from grader.course.folder import Course, load_course
from grader.course.policies import CertificateSheet, Rule
from grader.course.roster import Student
from grader.intake.ledger import Became, Held, Intake, Message, TimedBy, intake_json
from grader.scoring.results import SubmissionRow
from reports.certificate import WORDS, Sheet, certificate_page

LABS = ("lab1_warmup", "lab2_mlp", "lab3_rnn", "lab4_gru", "lab5_attention", "lab5b_bert", "lab6_captioning")
ON_THE_DAY = {
    "lab1_warmup": "2026-03-23T17:30:00Z",
    "lab2_mlp": "2026-03-24T17:30:00Z",
    "lab3_rnn": "2026-03-27T17:30:00Z",
    "lab4_gru": "2026-03-30T16:30:00Z",  # summer time
    "lab5_attention": "2026-03-31T16:30:00Z",
    "lab5b_bert": "2026-04-01T16:30:00Z",
    "lab6_captioning": "2026-04-02T17:00:00Z",  # closes at 19:00
}
ANA = Student("Una Inventada", "7", ("una@x.example",))
STATEMENT = Statement("2026-0001", "progress", "Una Inventada", "A course", 7, "2026-06-01")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return load_course(mail_course(tmp_path_factory.mktemp("course") / "mine"))


def message(lab: str, time: str, became: Became = Became.TAKEN, timed: TimedBy = TimedBy.RECEIVED) -> Message:
    return Message(
        key=f"{lab} {time} {became}", sender="", sender_name="", subject="", time=time, timed_by=timed, dated=time,
        lab=lab, student=ANA.name, student_id=ANA.id, named_by="address", candidates=(), became=became,
        held=(Held("link", "x", became, lab=lab),),
    )  # fmt: skip


def row(lab: str, earned: float = 5.0, **more: Any) -> SubmissionRow:
    values: dict[str, Any] = {
        "path": "x", "student": ANA.name, "lab": lab, "outcome": "ok", "earned": earned, "possible": 10.0,
        "pending": 0.0, "seconds": 1.0, "isolation": "none",
        "repairs": (), "remarks": (), "checks": (), "student_id": ANA.id,
    }  # fmt: skip
    return SubmissionRow(**values | more)


ALL = [message(lab, time) for lab, time in ON_THE_DAY.items()]
ROWS = [row(lab) for lab in LABS]


def why(course: Course, kind: Kind, messages: Sequence[Message] = ALL, rows: Sequence[SubmissionRow] = ROWS) -> str:
    """Empty where it is earned."""
    (standing,) = [one for one in standings(course, [ANA], messages, rows) if one.kind is kind]
    return "" if standing.earned else lacking(standing)


def instead(lab: str, *others: Message) -> list[Message]:
    return [one for one in ALL if one.lab != lab] + [*others]


def with_rules(course: Course, **rules: Rule) -> Course:
    return replace(course, sheet=replace(course.sheet, certificates=CertificateSheet(**rules)))


def test_all_labs_in_time_earn_both_and_assignments_are_not_asked_for(course: Course) -> None:
    assert course.sent_in == LABS
    assert why(course, Kind.ATTENDANCE) == why(course, Kind.PROGRESS) == ""


AFTER = {
    "lab1_warmup": "2026-03-23T17:30:01Z",
    "lab4_gru": "2026-03-30T16:30:01Z",
    "lab6_captioning": "2026-04-02T17:00:01Z",
}


@pytest.mark.parametrize(("lab", "time"), AFTER.items(), ids=AFTER)
def test_a_second_after_it_closed_nothing_was_attended_but_the_work_counts(lab: str, time: str, course: Course) -> None:
    late = instead(lab, message(lab, time))
    assert why(course, Kind.ATTENDANCE, late).startswith(f"6 labs of 7: {lab} was sent on 2026-")
    assert why(course, Kind.PROGRESS, late) == ""


def test_a_later_correction_takes_nothing_away_from_who_was_there(course: Course) -> None:
    twice = instead(
        "lab1_warmup",
        message("lab1_warmup", "2026-03-23T17:00:00Z", Became.SUPERSEDED),
        message("lab1_warmup", "2026-03-24T14:59:59Z"),
        message("lab1_warmup", "2026-03-25T10:00:00Z", Became.LATE),
    )
    assert why(course, Kind.ATTENDANCE, twice) == why(course, Kind.PROGRESS, twice) == ""


def test_what_came_as_the_solution_was_shown_is_told_with_both_times(course: Course) -> None:
    late = instead("lab3_rnn", message("lab3_rnn", "2026-03-30T14:00:00Z", Became.LATE))
    said = "lab3_rnn was sent on 2026-03-30 at 16:00:00, and was due before 2026-03-30 16:00"
    assert why(course, Kind.PROGRESS, late) == f"6 labs of 7: {said}."
    just = instead("lab3_rnn", message("lab3_rnn", "2026-03-30T13:59:59Z"))
    assert why(course, Kind.PROGRESS, just) == ""


NOT_READ = {
    Became.NO_PERMISSION: "was sent, but its link is not shared",
    Became.UNREADABLE: "was sent, but could not be read",
    Became.DOUBTFUL: "was sent, but it is doubtful what counts",
}


@pytest.mark.parametrize(("became", "said"), NOT_READ.items(), ids=NOT_READ)
def test_what_could_not_be_taken_is_told_as_what_it_is(became: Became, said: str, course: Course) -> None:
    messages = instead("lab2_mlp", message("lab2_mlp", ON_THE_DAY["lab2_mlp"], became))
    assert all(f"lab2_mlp {said}" in why(course, kind, messages) for kind in Kind)


def test_the_sender_s_own_clock_proves_nothing(course: Course) -> None:
    dated = instead("lab2_mlp", message("lab2_mlp", ON_THE_DAY["lab2_mlp"], timed=TimedBy.DATE))
    assert all("lab2_mlp was sent, but only its sender's clock says when" in why(course, kind, dated) for kind in Kind)
    filed = instead("lab2_mlp", message("lab2_mlp", ON_THE_DAY["lab2_mlp"], timed=TimedBy.FILE))
    assert why(course, Kind.ATTENDANCE, filed) == ""


def test_progress_asks_for_work_and_attendance_does_not(course: Course) -> None:
    idle = [one for one in ROWS if one.lab != "lab4_gru"] + [row("lab4_gru", 0, outcome="unattempted")]
    assert "lab4_gru is as it was handed out" in why(course, Kind.PROGRESS, rows=idle)
    assert "lab4_gru was not graded yet" in why(course, Kind.PROGRESS, rows=ROWS[:3])
    assert why(course, Kind.ATTENDANCE, rows=()) == ""


def test_a_course_may_ask_for_fewer_labs_and_for_points(course: Course) -> None:
    few = with_rules(course, attendance=Rule(labs=2), progress=Rule(labs=3, earned=50))
    assert why(few, Kind.ATTENDANCE, ALL[:2]) == "" and "1 lab of 2" in why(few, Kind.ATTENDANCE, ALL[:1])
    assert why(few, Kind.PROGRESS, ALL[:3]) == ""
    poor = [row("lab1_warmup", 4.9), *ROWS[1:]]
    assert "lab1_warmup earned 49 % of its points, of 50 % that are asked for" in why(few, Kind.PROGRESS, ALL[:3], poor)


def test_two_students_of_one_name_are_told_apart_by_their_ids(course: Course) -> None:
    other = row("lab1_warmup", 0, student=f"{ANA.name} (8)", student_id="8", outcome="unattempted")
    assert why(course, Kind.PROGRESS, rows=[*ROWS, other]) == ""


def test_a_code_says_what_was_signed_and_nothing_else_passes(tmp_path: Path) -> None:
    for name in ("mine", "other"):
        make_key(tmp_path / name)
    code = signed(STATEMENT, tmp_path / "mine")
    assert checked(code, tmp_path / "mine") == STATEMENT
    broken = code.lower().replace("-", "\n ")
    assert checked(broken, tmp_path / "mine") == STATEMENT
    letters = [n for n, letter in enumerate(code) if letter != "-"][:-1]
    for n in letters[::7]:
        changed = code[:n] + ("A" if code[n] != "A" else "B") + code[n + 1 :]
        assert checked(changed, tmp_path / "mine") is None, n
    for nothing in ("", "A", "0189", code[:-20], "Ñ" * 99, code + "AAAAAAAA"):
        assert checked(nothing, tmp_path / "mine") is None
    assert checked(code, tmp_path / "other") is None


def test_the_key_is_its_owner_s_alone_and_never_made_twice(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and "PRIVATE" in key.read_text()
    assert (key.parent / ".gitignore").read_text() == "certificates.key\n"
    with pytest.raises(Exception, match="is there already"):
        make_key(tmp_path)


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("kind", Kind)
def test_a_certificate_is_a_page_that_a_screen_reader_reads_in_its_language(kind: Kind, language: str) -> None:
    sheet = Sheet(
        kind, "<script>alert(1)</script>", "A & B", "", ["Lab <1>"], "2026-0001", date(2026, 6, 1), "AAAAA-BBBBB"
    )
    page = certificate_page(sheet, language)
    assert f'<html lang="{language}">' in page and page.count("<h1>") == 1 and "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "Lab &lt;1&gt;" in page and "AAAAA-BBBBB" in page
    assert len({certificate_page(sheet, other) for other in WORDS}) == len(WORDS)


def test_the_pdf_has_tags_a_title_and_a_language_and_fetches_nothing() -> None:
    sheet = Sheet("progress", "Una Inventada", "A course", "", ["Lab"], "2026-0001", date(2026, 6, 1), "AAAAA")
    page = certificate_page(sheet, "eu").replace("</main>", '<img src="http://127.0.0.1:1/x" alt="x"></main>')
    pdf = as_pdf(page)
    inside = [zlib.decompress(part) for part in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", pdf, re.DOTALL)]
    said = b"".join([pdf, *inside])
    assert pdf.startswith(b"%PDF-") and re.search(rb"/Lang ?\(eu\)", said)
    assert all(mark in said for mark in (b"/StructTreeRoot", b"/MarkInfo", b"pdfuaid", b"/Title", b"/H1"))


@pytest.fixture
def class_of_two(tmp_path: Path) -> Path:
    """A folder with a course, hand-ins and grades: one student has everything, the other one lab."""
    own = mail_course(tmp_path / "course")
    people = "name,id,language\nUna Inventada,7,eu\n=Dos() Inventada,8,es\n"
    (own / "roster.csv").write_text(people, "utf-8")
    other = replace(ALL[0], key="x", student="=Dos() Inventada", student_id="8")
    (tmp_path / "hand-ins").mkdir()
    (tmp_path / "hand-ins/intake.json").write_bytes(intake_json(Intake(1, "", (*ALL, other))))
    graded(tmp_path / "grades", [{"student": ANA.name, "student_id": "7", "lab": lab} for lab in LABS])
    return tmp_path


def test_certificates_are_issued_checked_and_issued_again_under_the_same_numbers(class_of_two: Path) -> None:
    refused(grader("certify", "--course", "course", folder=class_of_two), 2, "this course has no key", "grader init")
    assert not (class_of_two / "certificates").exists()
    assert grader("init", "course", "--key", folder=class_of_two).returncode == 0
    done = grader("certify", "--course", "course", folder=class_of_two)
    assert done.returncode == 0 and "2 certificates" in done.stderr, done.stderr
    files = {
        p.relative_to(class_of_two / "certificates"): p.read_bytes()
        for p in (class_of_two / "certificates").rglob("*.*")
    }
    assert {str(name) for name in files} == {
        "standing.csv",
        *(f"{kind}/Una Inventada 2026-000{n}.{end}".replace("2026", str(date.today().year))
          for n, kind in ((1, "attendance"), (2, "progress")) for end in ("html", "pdf")),
    }  # fmt: skip
    assert not any(b"PRIVATE" in content for content in files.values())
    rows = [*csv.DictReader((class_of_two / "certificates/standing.csv").read_text("utf-8").splitlines())]
    assert [(one["student"], one["certificate"], one["earned"]) for one in rows] == [
        ("Una Inventada", "attendance", "yes"), ("Una Inventada", "progress", "yes"),
        ("'=Dos() Inventada", "attendance", "no"), ("'=Dos() Inventada", "progress", "no"),
    ]  # fmt: skip
    assert "lab2_mlp was not sent" in rows[2]["lacks"]
    page = next((class_of_two / "certificates/progress").glob("*.html")).read_text("utf-8")
    code = re.search(r'class="code">([^<]+)<', page)
    assert code and "Aprobetxamendu-ziurtagiria" in page
    said = grader("certify", "--check", code[1], "--course", "course", folder=class_of_two)
    assert said.returncode == 0 and "Valid: certificate of progress" in said.stderr and "Una Inventada" in said.stderr
    assert grader("certify", "--check", code[1][:-9], "--course", "course", folder=class_of_two).returncode == 1
    again = grader("certify", "--course", "course", folder=class_of_two)
    assert again.returncode == 0
    assert files == {
        p.relative_to(class_of_two / "certificates"): p.read_bytes()
        for p in (class_of_two / "certificates").rglob("*.*")
    }


def test_numbers_survive_a_kill_at_any_moment(class_of_two: Path) -> None:
    make_key(class_of_two / "course")
    command = [sys.executable, "-m", "grader", "certify", "--course", "course"]
    issued, out = class_of_two / "course/keys/certificates.json", class_of_two / "certificates"
    seen: dict[str, str] = {}
    for is_reached in (issued.exists, lambda: any(out.rglob("*.pdf")), lambda: any(out.rglob("*.html"))):
        with subprocess.Popen(
            command, cwd=class_of_two, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
        ) as running:
            while running.poll() is None and not is_reached():
                time.sleep(0.005)
            running.send_signal(signal.SIGKILL)
        told = numbers(issued)
        assert len(told) == 2 and seen.items() <= told.items()
        seen = told
    assert grader("certify", "--course", "course", folder=class_of_two).returncode == 0
    last = numbers(issued)
    assert seen.items() <= last.items() and len(set(last.values())) == len(last) == 2
    pages = [*(class_of_two / "certificates").rglob("*.pdf")]
    assert len(pages) == 2 and all(page.read_bytes().rstrip().endswith(b"%%EOF") for page in pages)


def numbers(path: Path) -> dict[str, str]:
    text = path.read_text("utf-8") if path.exists() else ""
    return dict(zip(re.findall(r'"code": "(.*)"', text), re.findall(r'"number": "(.*)"', text), strict=True))


def test_the_secret_key_is_never_where_certificates_go(class_of_two: Path) -> None:
    make_key(class_of_two / "course")
    said = grader("certify", "--course", "course", "--out", "course", folder=class_of_two)
    refused(said, 2, "holds the course's secret key")
