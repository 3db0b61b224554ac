"""The whole line on one screen: load → run → ask → judge → score → report, for one submission and for a batch."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from functools import cache, partial

from msgspec.structs import replace

from grader.batch import hidden_labels, keys
from grader.batch.model_answers import model_answers
from grader.batch.replaying import Answers, Ask, Asked, Live, Replay, recording, timely
from grader.batch.shared import Batch, calibration_of, kernel_seed, question_seed, training_budget
from grader.course.rubric import Rubric
from grader.data.folder import DataFolder, shown
from grader.data.parts import EMBEDDINGS, SNLI, TREES
from grader.data.photos import ROOM, Photos, with_photos
from grader.data.truth import Truth
from grader.errors import Crowded, GraderError
from grader.judging.checks import UNDERSTOOD
from grader.judging.examination import Examination
from grader.judging.examiner import Examiner
from grader.judging.examining import examine, explained
from grader.judging.model_answer import Declared
from grader.judging.oracle import Oracle
from grader.judging.trainer import Data, Outside, Trainer
from grader.model import (
    Level,
    Limits,
    Outcome,
    Report,
    Run,
    Submission,
    TrainPolicy,
)
from grader.running.slots import Slot, Slots, slots
from grader.sandbox.kernel import Setting
from grader.scoring.score import score
from grader.scoring.summing_up import report, unread

ONE_CELL = 0.8  # of the deadline; a loop without end leaves time for the cells after it
RETRAININGS = 2 * 2  # two more seeds, each with twice its seconds at most

GLANCE = (
    "Your notebook's training was cut to a step here, to be carried out outside of it; what it prints of it says "
    "little."
)

log = logging.getLogger("grader")

Told = Callable[[str], None]  # what happens to one submission
ToldOf = Callable[[Submission, str], None]  # what happens to which


def grade(submission: Submission, batch: Batch, oracle: Oracle, slot: Slot, told: Told) -> Report:
    """One submission from file to report; whatever goes wrong on our side ends in a report that says so.

    But for `Crowded`, which asks for another slot.
    """
    rubric = batch.rubrics.get(submission.lab or "")
    if submission.fault or rubric is None:
        return unread(submission, batch)
    if batch.store and (known := batch.store.report(keys.of_report(submission, batch))):
        return replace(known, submission=submission)
    begun = time.monotonic()
    for attempt in (1, 2):  # our own faults are tried again once, the student's never
        try:
            look = partial(evidence, oracle=oracle, slot=slot, told=told)
            run, examination, how = looked_at(submission, batch, rubric, look)
            found = report(submission, batch, rubric, run, examination, time.monotonic() - begun)
            if batch.store and found.outcome is not Outcome.GRADER_ERROR and not batch.broken_off.is_set():
                batch.store.keep_report(keys.of_report(submission, batch), keys.of_run(submission, how), found)
            return found
        except Crowded:
            raise
        except Exception as error:
            log.exception("attempt %d at %s failed", attempt, submission.path)
            why = error if isinstance(error, GraderError | OSError) else type(error).__name__
            fault = f"The grader itself failed ({why}); nothing is lost, your instructor will grade this again."
    return failed(submission, batch, rubric, fault, time.monotonic() - begun)


def failed(submission: Submission, batch: Batch, rubric: Rubric, fault: str, seconds: float) -> Report:
    """All points are open: the fault was ours, or our surroundings'."""
    run = Run(Outcome.GRADER_ERROR, batch.isolation, fault=fault)
    return report(submission, batch, rubric, run, Examination(()), seconds)


def looked_at(
    submission: Submission, batch: Batch, rubric: Rubric, evidence: Callable[..., tuple[Run, Examination]]
) -> tuple[Run, Examination, Batch]:
    """By a glance, where what is shown to train as the lab's is trained outside; else, or then, as it trains itself."""
    calibration, itself = calibration_of(rubric, batch), replace(batch, outside=None)
    known = rubric.lab in UNDERSTOOD and calibration is not None and calibration.starts is not None
    if batch.outside is None or not known:
        return (*evidence(submission, itself, rubric), itself)
    glance = replace(batch, train=TrainPolicy.NONE)
    run, examination = evidence(submission, glance, rubric)
    if not any(check.cut for check in score(rubric, examination.findings).checks):
        return run, examination, glance
    run, trained = evidence(submission, itself, rubric)
    return run, explained(trained, examination), itself


def evidence(
    submission: Submission, batch: Batch, rubric: Rubric, *, oracle: Oracle, slot: Slot, told: Told
) -> tuple[Run, Examination]:
    """From what the notebook said earlier, and from the notebook itself for what it was never asked."""
    store, key = batch.store, keys.of_run(submission, batch)
    added: Answers = {}
    asked: Asked = {}
    with ExitStack() as kernel:
        wake = cache(lambda: kernel.enter_context(awake(submission, batch, rubric, slot, told)))
        run = store.run(key) if store else None
        replay = None
        if store and run:
            told("is judged again by what it answered before")
            replay = Replay(store, key, wake)
            examination = examine(examiner(submission, batch, rubric, oracle, run, replay))
        if run is None or replay is None or replay.changed:
            replay, run = None, wake().run
            examination = examine(examiner(submission, batch, rubric, oracle, run, recording(wake().ask, added, asked)))
    if store and not examination.fault and not batch.broken_off.is_set():
        if replay:
            store.keep_answers(key, replay.added, replay.asked)
        else:
            store.keep_run(key, run, added, asked)
    return run, examination


@contextmanager
def awake(submission: Submission, batch: Batch, rubric: Rubric, slot: Slot, told: Told) -> Iterator[Live]:
    """The notebook, run in a kernel of its own and ready to be asked."""
    seconds = batch.deadline or rubric.deadline
    budget = training_budget(batch, rubric)
    data, seen = with_photos(shown(batch.data, submission.cells, told), rubric.head.data, batch.train)
    disk = Limits().disk + (seen.number * ROOM if seen else 0)
    with batch.opening(
        Setting(
            slot=slot.number,
            device=slot.device,
            data=data,
            limits=Limits(seconds, ONE_CELL * seconds, batch.memory, disk),
            budget=budget,
            seed=kernel_seed(batch.seed),
            isolation=batch.isolation,
            environment=rubric.head.environment,
            broken_off=batch.broken_off,
            files={f"{name}.py": source for name, source in submission.modules},
        )
    ) as session:
        total = sum(cell.kind == "code" for cell in submission.cells)
        numbers = {c.index: n for n, c in enumerate((c for c in submission.cells if c.kind == "code"), 1)}
        run = session.run(submission.cells, lambda index: told(f"runs code cell {numbers[index]} of {total}"))
        session.insist_on_room()
        told("is being asked")
        run = replace(run, changes=(*run.changes, *said_of_data(batch, rubric, seen)))
        again = 0.0 if batch.train is TrainPolicy.NONE else RETRAININGS * budget.seconds
        yield Live(run, timely(session.ask, max(30.0, seconds / 2) + again))
        session.insist_on_room()


def said_of_data(batch: Batch, rubric: Rubric, seen: Photos | None) -> Iterator[str]:
    """What was done to the data before the notebook saw it, a sentence each."""
    if seen and seen.said:
        yield seen.said
    outcome = any(check.level is Level.OUTCOME for check in rubric.checks)
    if outcome and batch.blind_test and rubric.lab in batch.truths:
        yield hidden_labels.SAID
    if batch.outside is not None:
        yield GLANCE


def examiner(submission: Submission, batch: Batch, rubric: Rubric, oracle: Oracle, run: Run, ask: Ask) -> Examiner:
    parts, _ = with_photos(batch.data.parts, rubric.head.data, batch.train)
    return Examiner(
        rubric.lab, submission.cells, run, ask, oracle, question_seed(batch, submission),
        training_budget(batch, rubric), batch.truths.get(rubric.lab), calibration_of(rubric, batch), parts,
        rubric.head, Declared(rubric, batch.models(rubric.lab)) if rubric.declared and batch.models else None,
        batch.outside(rubric.lab) if batch.outside else None,
    )  # fmt: skip


def grade_batch(
    submissions: Sequence[Submission],
    batch: Batch,
    oracle: Oracle,
    jobs: int | None,
    told: ToldOf,
) -> Iterator[Report]:
    """Reports as they are done; one slot (its own user, sockets and folders, its share of a GPU) for each at a time."""
    with prepared(batch) as ready:
        yield from graded(submissions, ready, oracle, jobs, told)


@contextmanager
def prepared(batch: Batch) -> Iterator[Batch]:
    """With what all notebooks share that one process grades: labels hidden, model answers, trainings outside."""
    with ExitStack() as ending:
        if batch.equal_training and batch.train is TrainPolicy.BUDGET:
            trainer = ending.enter_context(Trainer())
            batch = replace(batch, outside=partial(outside, trainer, batch.data, batch.truths))
        if batch.blind_test:
            batch = replace(batch, data=ending.enter_context(hidden_labels.labels_hidden(batch.data, batch.seed)))
        models = ending.enter_context(model_answers(batch))
        yield replace(batch, models=models.of)


def outside(trainer: Trainer, data: DataFolder, truths: Mapping[str, Truth], lab: str) -> Outside | None:
    """On the data as they are, whatever notebooks see of them."""
    truth = truths.get(lab)
    if truth is None:
        return None
    parts = (SNLI, EMBEDDINGS) if truth.inference else (TREES,)
    if any(part.name not in data.parts for part in parts):
        return None
    return Outside(trainer, Data(truth.digest, tuple(data.parts[part.name] for part in parts)))


def slots_for(submissions: Sequence[Submission], batch: Batch, jobs: int | None) -> tuple[Slot, ...]:
    return slots(batch.inventory(), share_of_gpu(submissions, batch), jobs)


def share_of_gpu(submissions: Sequence[Submission], batch: Batch) -> int:
    """In bytes, as much as the most demanding lab among these needs."""
    needs = [rubric.gpu_memory for s in submissions if (rubric := batch.rubrics.get(s.lab or ""))]
    return int(max(needs, default=1) * 1024**3)


def graded(
    submissions: Sequence[Submission],
    batch: Batch,
    oracle: Oracle,
    jobs: int | None,
    told: ToldOf,
) -> Iterator[Report]:
    places = slots_for(submissions, batch, jobs)
    lender = Slots(places, batch.inventory)
    with ThreadPoolExecutor(len(places)) as pool:
        waiting = [pool.submit(in_a_slot, s, batch, oracle, lender, partial(told, s)) for s in submissions]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            batch.broken_off.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def in_a_slot(submission: Submission, batch: Batch, oracle: Oracle, lender: Slots, told: Told) -> Report:
    try:
        with lender.lent() as slot:
            return grade(submission, batch, oracle, slot, told)
    except Crowded:
        told("ran out of GPU memory and is run again, alone on the GPU")
    with lender.alone(slot) as whole:
        return grade(submission, batch, oracle, whole, told)


def in_order(reports: Sequence[Report], submissions: Sequence[Submission]) -> list[Report]:
    place = {(s.student, s.lab): i for i, s in enumerate(submissions)}
    return sorted(reports, key=lambda r: place[(r.submission.student, r.submission.lab)])
