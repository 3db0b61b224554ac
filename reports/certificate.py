"""A certificate as a page, in three languages; the PDF is made of the same page."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from reports.pages import page
from reports.scrub import visible

_MONTHS = {
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),
    "eu": "urtarrilaren otsailaren martxoaren apirilaren maiatzaren ekainaren uztailaren abuztuaren irailaren urriaren "
    "azaroaren abenduaren".split(),
    "en": "January February March April May June July August September October November December".split(),
}


class Words(Struct, frozen=True):
    attendance: str
    progress: str
    certifies: str
    attended: str  # what stands between the name and the labs
    progressed: str
    labs: str
    number: str
    issued: str
    code: str
    how: str


WORDS = {
    "en": Words(
        attendance="Certificate of attendance",
        progress="Certificate of progress",
        certifies="This certifies that",
        attended="took part in the labs of the course, and sent in their work on the day itself:",
        progressed="did the labs of the course, and sent in each of them before its solution was shown:",
        labs="Labs",
        number="Number",
        issued="Issued on",
        code="Code",
        how="Whoever has the public key of the course can check this code: grader certify --check CODE",
    ),
    "es": Words(
        attendance="Certificado de asistencia",
        progress="Certificado de aprovechamiento",
        certifies="Se certifica que",
        attended="ha participado en los laboratorios del curso y ha entregado su trabajo el mismo día:",
        progressed="ha hecho los laboratorios del curso y ha entregado cada uno antes de que se mostrara su solución:",
        labs="Laboratorios",
        number="Número",
        issued="Expedido el",
        code="Código",
        how="Quien tenga la clave pública del curso puede comprobar este código: grader certify --check CÓDIGO",
    ),
    "eu": Words(
        attendance="Bertaratze-ziurtagiria",
        progress="Aprobetxamendu-ziurtagiria",
        certifies="Honen bidez ziurtatzen da",
        attended="ikasleak ikastaroaren laborategietan parte hartu duela, eta lana egunean bertan bidali duela:",
        progressed="ikasleak ikastaroaren laborategiak egin dituela, bakoitza soluzioa erakutsi aurretik bidalita:",
        labs="Laborategiak",
        number="Zenbakia",
        issued="Noiz emana",
        code="Kodea",
        how="Ikastaroaren gako publikoa duenak kode hau egiazta dezake: grader certify --check KODEA",
    ),
}


class Sheet(Struct, frozen=True):
    kind: str  # attendance or progress
    name: str
    course: str
    issuer: str
    labs: Sequence[str]  # their titles
    number: str
    issued: date
    code: str


def certificate_page(sheet: Sheet, language: str) -> str:
    words = WORDS.get(language, WORDS["en"])
    return page(
        "certificate.html",
        sheet=sheet,
        own=words,
        title=words.attendance if sheet.kind == "attendance" else words.progress,
        did=words.attended if sheet.kind == "attendance" else words.progressed,
        language=language if language in WORDS else "en",
        person=visible(sheet.name),
        day=_written(sheet.issued, language),
    )


def _written(day: date, language: str) -> str:
    month = _MONTHS.get(language, _MONTHS["en"])[day.month - 1]
    if language == "es":
        return f"{day.day} de {month} de {day.year}"
    return f"{day.year}ko {month} {day.day}a" if language == "eu" else f"{day.day} {month} {day.year}"
