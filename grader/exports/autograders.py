"""Single submissions as other programs read them: results.json of a Gradescope autograder, and JUnit's XML."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import msgspec

from grader.model import Outcome, Verdict
from grader.scoring.results import CheckRow, SubmissionRow
from reports.scrub import name, said

_STATUS = {Verdict.PASS: "passed", Verdict.FAIL: "failed", Verdict.BLOCKED: "failed"}


def gradescope(row: SubmissionRow) -> bytes:
    """Checks that a person decides, or that are open, have no status: neither passed nor failed."""
    told: dict[str, Any] = {
        "score": row.earned,
        "execution_time": round(row.seconds),
        "output": said(row.reason) or _summary(row),
        "output_format": "text",
        "visibility": "visible",
        "tests": [_test(number, check) for number, check in enumerate(row.checks, 1)],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def _summary(row: SubmissionRow) -> str:
    pending = f", {row.pending:g} open" if row.pending else ""
    return f"{row.earned:g} of {row.possible:g} points{pending}."


def _test(number: int, check: CheckRow) -> dict[str, Any]:
    test: dict[str, Any] = {
        "number": str(number),
        "name": check.id,
        "score": check.points,
        "max_score": check.possible,
        "output": said(check.message),
        "output_format": "text",
        "tags": [check.level.value, *([check.mistake] if check.mistake else [])],
        "visibility": "visible",
    }
    status = _STATUS.get(check.verdict)
    return {**test, "status": status} if status else test


def junit(rows: Sequence[SubmissionRow]) -> bytes:
    """A suite for each submission, a case for each check."""
    root = ElementTree.Element("testsuites", name="grader")
    for row in rows:
        cases = [_case(row, check) for check in row.checks] or [_no_case(row)]
        kinds = ("failure", "error", "skipped")
        counts = {kind: str(sum(case.find(kind) is not None for case in cases)) for kind in kinds}
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"{name(row.student)} {row.lab or 'unrecognised'}",
            tests=str(len(cases)),
            failures=counts["failure"],
            errors=counts["error"],
            skipped=counts["skipped"],
            time=f"{row.seconds:g}",
        )
        suite.extend(cases)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(row: SubmissionRow, check: CheckRow) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=row.lab or "", name=check.id, time="0")
    if check.verdict is Verdict.FAIL:
        failure = ElementTree.SubElement(case, "failure", message=said(check.message), type=check.mistake or "fail")
        failure.text = f"{check.points:g} of {check.possible:g} points"
    elif check.verdict is not Verdict.PASS:
        ElementTree.SubElement(case, "skipped", message=f"{check.verdict.value}: {said(check.message)}")
    return case


def _no_case(row: SubmissionRow) -> ElementTree.Element:
    """Of what has no checks, as it could not be read."""
    case = ElementTree.Element("testcase", classname=row.lab or "", name="hand-in", time="0")
    if row.outcome is not Outcome.OK:
        ElementTree.SubElement(case, "error", message=said(row.reason) or row.outcome.value, type=row.outcome.value)
    return case
