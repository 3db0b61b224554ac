"""Writes certificates as pages and PDFs, and the list of who has one and what the others lack."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from grader.certificates import register, signing
from grader.certificates.pdf import as_pdf
from grader.certificates.register import Certificate, registered
from grader.certificates.rules import Standing, lacking, standings
from grader.course.folder import Course
from grader.course.roster import Student
from grader.errors import UsageError
from grader.intake.ledger import FILE as LEDGER
from grader.intake.ledger import read_intake
from grader.intake.page_names import page_name
from grader.intake.whole_files import write_whole
from grader.scoring.results import Results, SubmissionRow, harmless
from reports.certificate import Sheet, certificate_page

STANDING = "standing.csv"
_COLUMNS = ("student", "id", "certificate", "earned", "number", "labs", "wanted", "lacks")


class Issued(Struct, frozen=True):
    standings: tuple[Standing, ...]
    certificates: tuple[Certificate, ...]


def issue(
    course: Course, hand_ins: Path, grades: Path, out: Path, told: Callable[[str], None] = lambda _: None
) -> Issued:
    """The same again writes the same numbers. Raises UsageError before anything is written if something is missing."""
    roster = course.roster()
    intake = read_intake(hand_ins)
    if intake is None:
        raise UsageError(f"{hand_ins} holds no {LEDGER}. Name the folder that `grader intake --out` filled.")
    _insist_on_no_key_in(out, course)
    everybody = standings(course, roster, intake.messages, graded_rows(grades))
    earned = [standing for standing in everybody if standing.earned]
    today = datetime.now(ZoneInfo(course.sheet.timezone or "UTC")).date()
    with register.opened(course) as path:
        certificates = registered(earned, course, path, today)
    for standing, certificate in zip(earned, certificates, strict=True):
        told(f"{certificate.number} {certificate.student}")
        _write(certificate, standing.student, course, out)
    write_whole(out / STANDING, _table(everybody, earned, certificates))
    return Issued(everybody, certificates)


def graded_rows(grades: Path) -> tuple[SubmissionRow, ...]:
    path = grades / "results.json" if grades.is_dir() else grades
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results).submissions
    except (OSError, msgspec.MsgspecError) as error:
        said = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read ({said}). Name the folder that `grader grade --out` wrote.") from None


def _insist_on_no_key_in(out: Path, course: Course) -> None:
    secret = (course.folder / signing.FOLDER / signing.SECRET).resolve()
    if secret.is_relative_to(out.resolve()):
        raise UsageError(
            f"{out} holds the course's secret key, and would be handed out. Choose another folder with --out."
        )


def _write(certificate: Certificate, student: Student, course: Course, out: Path) -> None:
    """The PDF first: where the page is there and the same, both are."""
    language = student.language or course.sheet.languages[0]
    sheet = Sheet(
        kind=certificate.kind.value,
        name=certificate.student,
        course=course.title,
        issuer=course.sheet.certificates.issuer,
        labs=[course.labs[lab].title for lab in certificate.labs if lab in course.labs],
        number=certificate.number,
        issued=date.fromisoformat(certificate.issued),
        code=certificate.code,
    )
    page = certificate_page(sheet, language)
    place = out / certificate.kind.value / page_name(f"{certificate.student} {certificate.number}")
    html, pdf = place.with_name(f"{place.name}.html"), place.with_name(f"{place.name}.pdf")
    if not (pdf.exists() and html.exists() and html.read_text("utf-8") == page):
        write_whole(pdf, as_pdf(page))
        write_whole(html, page.encode())


def _table(everybody: Sequence[Standing], earned: Sequence[Standing], certificates: Sequence[Certificate]) -> bytes:
    numbers = {id(standing): one.number for standing, one in zip(earned, certificates, strict=True)}
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for standing in everybody:
        writer.writerow(
            [
                harmless(standing.student.name),
                harmless(standing.student.id),
                standing.kind.value,
                "yes" if standing.earned else "no",
                numbers.get(id(standing), ""),
                len(standing.labs),
                standing.wanted,
                "" if standing.earned else " ".join(lacking(standing).split()),
            ]
        )
    return table.getvalue().encode()
