"""What is said of a submission in the end: its card, how it ended, and a summary of both."""

import time

from msgspec.structs import replace

from grader.batch.model_answers import form_cells
from grader.batch.shared import Batch, calibration_of
from grader.course.folder import title_of
from grader.course.rubric import Rubric
from grader.judging.claims.claims import learning_curves
from grader.judging.examination import Examination
from grader.judging.model_answer import STARTER
from grader.model import Outcome, Report, Run, Scorecard, Submission, Verdict
from grader.scoring.as_handed_out import begun, touched
from grader.scoring.classless import CLASSLESS, without_a_class
from grader.scoring.other_work import beside_the_handout, other_work
from grader.scoring.score import left_open, public, score
from grader.scoring.summary import summary
from reference.notebooks import solution_path

# Lost cells may hold what is missing, or a later definition of what is there.
LOST = "This stays open, because a part of your notebook was lost before it reached us."
# On a machine with too much to do, right work once lost points for answers that it had no time to give.
HURRIED = "This stays open, because time ran out before your notebook could be asked everything."


def report(
    submission: Submission,
    batch: Batch,
    rubric: Rubric,
    run: Run,
    examination: Examination,
    seconds: float,
) -> Report:
    card = opened(score(rubric, examination.findings), submission, rubric, examination)
    if batch.public_only:
        card = public(card)
    if examination.fault:
        run = replace(run, outcome=Outcome.GRADER_ERROR, fault=examination.fault)
    idle = examination.unattempted and card.earned == 0 and not submission.warnings
    other = beside_the_handout(submission.cells, rubric) if idle else ""
    untouched = idle and not other and not touched(submission.cells, rubric.head.begun_by)
    if untouched and rubric.declared and solution_path(rubric.lab).exists():  # not where a sealed file stands for it
        untouched = not begun(submission.cells, form_cells(rubric.lab, STARTER, ()))
    outcome = Outcome.UNATTEMPTED if untouched else run.outcome
    if nothing_found(outcome, card):
        other = other or other_work(submission.cells, rubric)
    return Report(
        submission,
        rubric.title,
        outcome,
        run,
        card,
        examination.remarks,
        " ".join((*submission.warnings, summary(outcome, run, card, other))),
        seconds,
        batch.seed,
        batch.data.description,
        learning_curves(submission, run),
        calibration.band() if (calibration := calibration_of(rubric, batch)) else None,
        examination.attention,
        examination.gradients,
        begun=time.time() - seconds,
    )


def opened(card: Scorecard, submission: Submission, rubric: Rubric, examination: Examination) -> Scorecard:
    """What could not be asked is left open."""
    if submission.damaged:
        card = left_open(card, LOST)
    if examination.hurried:
        card = left_open(card, HURRIED, but_named=True)
    if without_a_class(card, submission.cells) and not other_work(submission.cells, rubric):
        card = left_open(card, CLASSLESS)
    return card


def unread(submission: Submission, batch: Batch) -> Report:
    title = title_of(submission.lab)
    fault = submission.fault or (
        f"There is no rubric for {submission.lab} yet, so this notebook was not run."
        if submission.lab
        else "It is not clear which lab this is: nothing in the notebook or its name says so. Name it with --lab."
    )
    return Report(
        submission,
        title,
        Outcome.UNREADABLE,
        Run(Outcome.UNREADABLE, batch.isolation, fault=fault),
        Scorecard(),
        summary=fault,
        seed=batch.seed,
        data=batch.data.description,
    )


def nothing_found(outcome: Outcome, card: Scorecard) -> bool:
    """Whether the notebook was asked for its work and did nothing of it right."""
    settled = outcome in (Outcome.OK, Outcome.FAILED_CELLS) and card.earned == 0
    begin = next((check for check in card.checks if check.verdict != Verdict.MANUAL), None)
    return settled and begin is not None and begin.verdict is Verdict.FAIL
