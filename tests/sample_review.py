"""A graded class in which people have something to decide: texts, some of them equal, a picture, a doubt, a mistake."""

from pathlib import Path

from sample_reports import HOSTILE, HOSTILE_NAME, check, display, png, stream, submission

from grader.batch.store import opened
from grader.commands.handing_out import handed_out
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

LAB, TEXT, OTHER_TEXT, PICTURE = "a3_lstm_lm", "answer-cost-of-zero", "answer-memory", "plot"
NO_TEXT = "No answer was found below the question."
READ = "Your instructor will read this one."
WRITTEN = {
    "Ada Brook": "It cannot: the next word is never certain, so the entropy of English is a floor.",
    "Ben Fell": "Yes, with enough epochs.\n\n<b>I am sure</b> & certain. =1+1",
    "Cleo Marsh": "",
    "Dov Hill": "",
    "Eva Lake": "",
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


def graded(out: Path, reports: list[Report] | None = None) -> Path:
    """An out folder as `grader grade` leaves it, with what it keeps of each notebook."""
    reports = class_with_questions() if reports is None else reports
    out.mkdir(parents=True, exist_ok=True)
    with opened(out) as store:
        for each in reports:
            key = f"{each.submission.content} {hash(each.card)}"
            store.keep_report(key, each.submission.content, each)
    handed_out(reports, out)
    return out
