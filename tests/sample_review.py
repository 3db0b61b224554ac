"""A graded class in which people have something to decide: texts, some of them equal, a picture, a doubt, a mistake."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import msgspec
import requests
from sample_course import ROOT
from sample_reports import HOSTILE, HOSTILE_NAME, check, display, png, stream, submission

from grader.batch.store import opened
from grader.commands.handing_out import handed_out
from grader.gradebook.decisions import Entry, history
from grader.intake.person import same
from grader.model import (
    Cell,
    CellRun,
    CellStatus,
    CheckResult,
    Isolation,
    Level,
    Outcome,
    Report,
    Run,
    Scorecard,
    Verdict,
)
from grader.scoring.results import CheckRow, Results, SubmissionRow

LAB, TEXT, OTHER_TEXT, PICTURE = "a3_lstm_lm", "answer-cost-of-zero", "answer-memory", "plot"
NO_TEXT = "No answer was found below the question."
READ = "Your instructor will read this one."
WRITTEN = {
    "Olmo Río Verde": "It cannot: the next word is never certain, so the entropy of English is a floor.",
    "Haize Mendi Gorri": "Yes, with enough epochs.\n\n<b>I am sure</b> & certain. =1+1",
    "Nube Alta": "",
    "Uno Dos Tres": "",
    "Bert Gruñón Lila": "",
    HOSTILE_NAME: HOSTILE[:1400],
}
MANUAL = {"level": Level.MANUAL, "verdict": Verdict.MANUAL, "points": 0.0, "possible": 0.5}


def report(student: str, text: str, content: str = "") -> Report:
    checks = (
        check("trains", Level.RUNS, Verdict.PASS, 1.0, title="It trains", message="As asked."),
        check(
            "cost",
            Level.VALUES,
            Verdict.FAIL,
            0.5,
            possible=2.0,
            mistake="target-not-shifted",
            mistake_title="The target is not the next word",
            message="Your cost is that of the same word, not of the next.",
            cell=1,
        ),
        check("learns", Level.LEARNS, Verdict.UNSURE, 0.0, message="Training was cut to one epoch.", cut=True),
        check(TEXT, **MANUAL, title="Can the cost become 0?", message=READ if text else NO_TEXT, seen=text),
        check(PICTURE, **MANUAL, title="The curve", message=f"{student}: a person looks at it."),
    )
    cells = (Cell(0, "markdown", f"# Mine\n\n{text}"), Cell(1, "code", "plt.plot(costs)  # </script>"))
    ran = (CellRun(1, CellStatus.OK, 0.1, outputs=(stream("epoch 1\n"), display(image_png=png()))),)
    return Report(
        submission(student, LAB, cells=cells, content=content or f"content of {student}"),
        "Assignment 3: Language Modelling",
        Outcome.OK,
        Run(Outcome.OK, Isolation.BUBBLEWRAP, ran),
        card(checks),
        summary="One thing to fix; the box below says where to start.",
        seconds=1.0,
    )


def card(checks: tuple[CheckResult, ...]) -> Scorecard:
    possible = sum(each.possible for each in checks)
    pending = sum(each.possible for each in checks if each.verdict in (Verdict.UNSURE, Verdict.MANUAL))
    return Scorecard(checks, sum(each.points for each in checks), possible, pending, fix_first="cost")


def class_with_questions() -> list[Report]:
    return [report(student, text) for student, text in WRITTEN.items()]


def graded(out: Path, reports: Sequence[Report] = ()) -> Path:
    """An out folder as `grader grade` leaves it, with what it keeps of each notebook."""
    reports = reports or class_with_questions()
    out.mkdir(parents=True, exist_ok=True)
    with opened(out) as store:
        for each in reports:
            key = f"{each.submission.content} {hash(each.card)}"
            store.keep_report(key, each.submission.content, each)
    handed_out(reports, out)
    return out


def rows(out: Path) -> dict[str, SubmissionRow]:
    """By student."""
    read = msgspec.json.decode((out / "results.json").read_bytes(), type=Results)
    return {row.student: row for row in read.submissions}


def row_check(out: Path, student: str, name: str = TEXT) -> CheckRow:
    return next(each for each in rows(out)[student].checks if each.id == name)


def decisions(out: Path, student: str, name: str = TEXT) -> list[Entry]:
    return history(out, (same(student), LAB, name))


class Served:
    """A review that runs, as one browser meets it."""

    def __init__(self, address: str) -> None:
        self.address, self.origin = address, address.partition("/?")[0]
        self.browser = requests.Session()
        assert self.browser.get(address, timeout=30).url == f"{self.origin}/"

    def get(self, place: str, status: int = 200) -> str:
        answer = self.browser.get(self.origin + place, timeout=60)
        assert answer.status_code == status, answer.text
        return answer.text

    def question(self, name: str = TEXT) -> str:
        return self.get(f"/question?lab={LAB}&check={name}")

    def student(self, student: str) -> str:
        (ref,) = (r for r, who in re.findall(r'/student\?row=(\w+)"><bdi>(.*?)</bdi>', self.get("/")) if who == student)
        return self.get(f"/student?row={ref}")

    def post(self, place: str, **fields: object) -> requests.Response:
        headers = {"Origin": self.origin}
        return self.browser.post(self.origin + place, data=fields, headers=headers, timeout=60, allow_redirects=False)

    def decide(self, case: str | list[str], points: str = "0.5", **more: object) -> requests.Response:
        return self.post("/decide", case=case, points=points, **more)


def case_of(page: str, student: str) -> str:
    """The value by which this page's form names a student's case."""
    article = next(part for part in page.split("<article")[1:] if f"<bdi>{student}</bdi>" in part)
    ticks = re.findall(r'name="case" value="([^"]+)" checked><label[^>]*><bdi>(.*?)</bdi>', article)
    own = [value for value, who in ticks if who == student] or re.findall(r'name="case" value="([^"]+)"', article)
    return unescape(own[0])


def case_named(page: str, name: str) -> str:
    return next(value for value in re.findall(r'name="case" value="([^"]+)"', page) if f":{name}:" in value)


@contextmanager
def served(out: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address that a review prints, and its process."""
    command = [sys.executable, "-m", "grader", "review", str(out), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        lines = []
        while not (found := re.search(r"http://\S+", "".join(lines))):
            lines.append(running.stderr.readline())
            assert lines[-1], "".join(lines)
        try:
            yield found[0], running
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGINT)
