"""What a workflow of GitHub shows of a student's own check: annotations in its log, and a page of Markdown.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

import os
from collections.abc import Iterator, Sequence
from html import escape

from grader.model import Verdict
from grader.scoring.results import CheckRow, SubmissionRow
from reports.scrub import name, said

_COMMANDS = {Verdict.FAIL: "error", Verdict.BLOCKED: "warning", Verdict.UNSURE: "notice", Verdict.MANUAL: "notice"}
_SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌"}


def annotations(rows: Sequence[SubmissionRow]) -> Iterator[str]:
    """A line for each check that does not pass, and for each notebook that could not be read."""
    for row in rows:
        place = _property(os.path.relpath(row.path, os.environ.get("GITHUB_WORKSPACE") or os.curdir))
        if not row.checks:
            yield f"::error file={place}::{_message(said(row.reason) or row.outcome.value)}"
        for check in row.checks:
            if check.verdict in _COMMANDS:
                title = _property(f"{row.lab}: {check.id}")
                yield f"::{_COMMANDS[check.verdict]} file={place},title={title}::{_message(said(check.message))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def summary(rows: Sequence[SubmissionRow], passes: Sequence[str]) -> str:
    """A table for each notebook, below a sentence that says how many of its checks pass."""
    return "\n".join(line for each in zip(rows, passes, strict=True) for line in (*_table(*each), "")) + "\n"


def _table(row: SubmissionRow, passes: str) -> Iterator[str]:
    yield f"### {_cell(name(row.student))} {_cell(row.lab or '')}"
    yield ""
    if not row.checks:
        yield _cell(said(row.reason) or row.outcome.value)
        return
    yield passes
    yield ""
    yield "| | check | |"
    yield "|---|---|---|"
    yield from (_line(check) for check in row.checks)


def _line(check: CheckRow) -> str:
    return f"| {_SIGNS.get(check.verdict, '–')} | {_cell(check.id)} | {_cell(said(check.message))} |"


def _cell(text: str) -> str:
    """On one line, and nothing but text: neither HTML nor Markdown."""
    flat = escape(" ".join(text.split()))
    return "".join(f"\\{sign}" if sign in "\\`*_[]|~#!" else sign for sign in flat)
