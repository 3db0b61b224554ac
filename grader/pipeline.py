"""The whole line on one screen: load → run → ask → judge → score → report, for one submission and for a batch."""

import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from grader import hidden
from grader.calibration import Calibration, load_calibration
from grader.course import WORKS
from grader.data.folder import DataFolder, shown
from grader.data.parts import IMAGES
from grader.data.photos import ROOM, Photos, photos
from grader.data.truth import Truth
from grader.errors import GraderError
from grader.judging.claims import learning_curves
from grader.judging.examiner import Examination, Examiner, examine
from grader.judging.oracle import Oracle
from grader.model import (
    Isolation,
    Level,
    Limits,
    Observation,
    Outcome,
    Report,
    Run,
    Scorecard,
    Status,
    Submission,
    TrainBudget,
    TrainPolicy,
)
from grader.rubric import Rubric
from grader.sandbox.guest.wire import Question
from grader.sandbox.kernel import Setting
from grader.sandbox.session import Session, open_session
from grader.score import score

RETRAININGS = 2 * 2  # two more seeds, each with twice its seconds at most

log = logging.getLogger("grader")

Told = Callable[[str], None]


class Batch(Struct, frozen=True):
    """What all submissions of one command share."""

    rubrics: dict[str, Rubric]
    data: DataFolder
    isolation: Isolation
    train: TrainPolicy
    seed: int
    deadline: float | None = None  # seconds; the rubric's where None
    public_only: bool = False
    accelerate: bool = True
    blind_test: bool = True  # notebooks see the test sentences with each other's labels
    truths: dict[str, Truth] = {}  # the right labels, by lab
    broken_off: threading.Event = field(default_factory=threading.Event)  # set: all that runs ends


def grade(submission: Submission, batch: Batch, oracle: Oracle, slot: int, told: Told) -> Report:
    """One submission from file to report; whatever goes wrong on our side ends in a report that says so."""
    rubric = batch.rubrics.get(submission.lab or "")
    if submission.fault or rubric is None:
        return unread(submission, batch)
    begun = time.monotonic()
    for attempt in (1, 2):  # our own faults are tried again once, the student's never
        try:
            run, examination = run_and_examine(submission, batch, rubric, oracle, slot, told)
            return report(submission, batch, rubric, run, examination, time.monotonic() - begun)
        except (GraderError, OSError) as error:
            log.exception("attempt %d at %s failed", attempt, submission.path)
            fault = f"The grader itself failed ({error}); nothing is lost, your instructor grades this again."
        except Exception as error:
            log.exception("grading %s failed", submission.path)
            fault = (
                f"The grader itself failed ({type(error).__name__}); "
                "nothing is lost, your instructor grades this again."
            )
            break
    return report(
        submission,
        batch,
        rubric,
        Run(Outcome.GRADER_ERROR, batch.isolation, fault=fault),
        Examination(()),
        time.monotonic() - begun,
    )


def run_and_examine(
    submission: Submission,
    batch: Batch,
    rubric: Rubric,
    oracle: Oracle,
    slot: int,
    told: Told,
) -> tuple[Run, Examination]:
    seconds = batch.deadline or rubric.deadline
    training = min(rubric.training.seconds, seconds / 2)  # the rest of the notebook has to run as well
    budget = TrainBudget(batch.train, rubric.training.epochs, training, batch.accelerate)
    data, seen = with_photos(shown(batch.data, submission.cells, told), rubric.lab, batch.train)
    disk = Limits().disk + (seen.number * ROOM if seen else 0)
    with open_session(
        Setting(
            slot=slot,
            data=data,
            limits=Limits(submission=seconds, cell=seconds, disk=disk),
            budget=budget,
            seed=kernel_seed(batch.seed),
            isolation=batch.isolation,
            broken_off=batch.broken_off,
        )
    ) as session:
        total = sum(cell.kind == "code" for cell in submission.cells)
        numbers = {c.index: n for n, c in enumerate((c for c in submission.cells if c.kind == "code"), 1)}
        run = session.run(submission.cells, lambda index: told(f"runs code cell {numbers[index]} of {total}"))
        told("is being asked")
        if seen and seen.said:
            run = replace(run, changes=(*run.changes, seen.said))
        outcome = any(check.level is Level.OUTCOME for check in rubric.checks)
        if outcome and batch.blind_test and rubric.lab in batch.truths:
            run = replace(run, changes=(*run.changes, hidden.SAID))
        again = 0.0 if batch.train is TrainPolicy.NONE else RETRAININGS * budget.seconds
        end = time.monotonic() + max(30.0, seconds / 2) + again
        examiner = Examiner(
            rubric.lab, submission.cells, run, asking(session, end), oracle, batch.seed, budget,
            batch.truths.get(rubric.lab), calibration_of(rubric, batch), seen.folder if seen else None,
        )  # fmt: skip
        return run, examine(examiner)


def with_photos(data: dict[str, Path], lab: str, train: TrainPolicy) -> tuple[dict[str, Path], Photos | None]:
    """The parts with as many photos as this training wants, for the lab that works on photos."""
    used = IMAGES.name in data and any(lab.startswith(f"{short}_") for short in IMAGES.labs)
    seen = photos(data[IMAGES.name], train) if used else None
    return (data | {IMAGES.name: seen.folder} if seen else data), seen


def calibration_of(rubric: Rubric, batch: Batch) -> Calibration | None:
    truth = batch.truths.get(rubric.lab)
    return load_calibration(rubric.lab, truth.digest) if truth else None


def asking(session: Session, end: float) -> Callable[[Question], Observation]:
    """Questions until the submission's time is over; later ones are late without being asked."""
    return lambda q: session.ask(q) if time.monotonic() < end else Observation(q.id, Status.LATE)


def kernel_seed(seed: int) -> int:
    """The seed student code may see.

    Nothing of the batch's own seed, from which our questions follow, can be told from it.
    """
    return int.from_bytes(hashlib.sha256(f"kernel {seed}".encode()).digest()[:4], "big")


def report(
    submission: Submission,
    batch: Batch,
    rubric: Rubric,
    run: Run,
    examination: Examination,
    seconds: float,
) -> Report:
    card = score(rubric, examination.findings)
    if batch.public_only:
        card = public(card)
    if examination.fault:
        run = replace(run, outcome=Outcome.GRADER_ERROR, fault=examination.fault)
    outcome = Outcome.UNATTEMPTED if examination.unattempted and card.earned == 0 else run.outcome
    return Report(
        submission,
        rubric.title,
        outcome,
        run,
        card,
        examination.remarks,
        summary(outcome, run, card),
        seconds,
        batch.seed,
        batch.data.description,
        learning_curves(submission, run),
        calibration.band() if (calibration := calibration_of(rubric, batch)) else None,
        examination.attention,
    )


def public(card: Scorecard) -> Scorecard:
    """The card with its public checks only, as a student's own check shows it."""
    checks = tuple(check for check in card.checks if check.public)
    shown = {check.id for check in checks}
    return Scorecard(
        checks,
        round(sum(c.points for c in checks), 2),
        round(sum(c.possible for c in checks), 2),
        round(sum(c.possible for c in checks if c.verdict in ("unsure", "manual")), 2),
        card.fix_first if card.fix_first in shown else None,
    )


def unread(submission: Submission, batch: Batch) -> Report:
    title = next((work.title for work in WORKS if work.slug == submission.lab), "")
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


def summary(outcome: Outcome, run: Run, card: Scorecard) -> str:
    if outcome is Outcome.UNATTEMPTED:
        return "Your notebook runs, but the part that was yours to write is still as it was handed out."
    if run.fault:
        return run.fault
    failed = sum(check.verdict == "fail" for check in card.checks)
    if failed:
        return f"{'One thing' if failed == 1 else f'{failed} things'} to mend; the box below says where to begin."
    return "Everything that was checked works." if card.checks else ""


def grade_batch(
    submissions: Sequence[Submission],
    batch: Batch,
    oracle: Oracle,
    jobs: int,
    told: Callable[[Submission, str], None],
) -> Iterator[Report]:
    """Reports as they are done; one slot (its own user, sockets and folders) for each job at a time."""
    if not batch.blind_test:
        yield from graded(submissions, batch, oracle, jobs, told)
        return
    with hidden.labels_hidden(batch.data, batch.seed) as data:
        yield from graded(submissions, replace(batch, data=data), oracle, jobs, told)


def graded(
    submissions: Sequence[Submission],
    batch: Batch,
    oracle: Oracle,
    jobs: int,
    told: Callable[[Submission, str], None],
) -> Iterator[Report]:
    slots: queue.SimpleQueue[int] = queue.SimpleQueue()
    for slot in range(jobs):
        slots.put(slot)

    def one(submission: Submission) -> Report:
        slot = slots.get()
        try:
            return grade(submission, batch, oracle, slot, lambda what: told(submission, what))
        finally:
            slots.put(slot)

    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(one, submission) for submission in submissions]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            batch.broken_off.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def in_order(reports: Sequence[Report], submissions: Sequence[Submission]) -> list[Report]:
    place = {(s.student, s.lab): i for i, s in enumerate(submissions)}
    return sorted(reports, key=lambda r: place[(r.submission.student, r.submission.lab)])
