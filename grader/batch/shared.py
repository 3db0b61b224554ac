"""What all submissions of one command share, and what follows from it for one lab."""

import hashlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from msgspec import Struct, field

from grader.batch.store import Store
from grader.calibration.bounds import Calibration, load_calibration
from grader.course.rubric import Rubric
from grader.data.folder import DataFolder
from grader.data.truth import Truth
from grader.judging.model_answer import ModelAnswer
from grader.judging.trainer import Outside
from grader.model import Isolation, Limits, Submission, TrainBudget, TrainPolicy
from grader.running.gpus import Inventory, installed
from grader.sandbox.kernel import Setting
from grader.sandbox.session import Session, open_session

QUESTION_SETS = 8  # of a batch: few, so that notebooks share the oracle's answers; many, so that they seldom meet
Opening = Callable[[Setting], AbstractContextManager[Session]]


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
    equal_training: bool = True  # what is shown to train as the lab's is trained outside the notebook, and quicker
    truths: dict[str, Truth] = {}  # the right labels, by lab
    inventory: Inventory = installed  # of GPUs
    opening: Opening = open_session  # how a notebook gets its kernel
    store: Store | None = None  # what earlier runs of this batch found out
    data_key: str = ""  # of the data, for what is stored
    memory: int = Limits().memory  # bytes, for each notebook
    models: Callable[[str], ModelAnswer] | None = None  # the model answer of a lab, ready to be asked
    outside: Callable[[str], Outside] | None = None  # how a lab's classifiers are trained outside
    broken_off: threading.Event = field(default_factory=threading.Event)  # set: all that runs ends


def training_budget(batch: Batch, rubric: Rubric) -> TrainBudget:
    seconds = batch.deadline or rubric.deadline
    training = min(rubric.training.seconds, seconds / 2)  # the rest of the notebook has to run as well
    return TrainBudget(batch.train, rubric.training.epochs, training, batch.accelerate)


def calibration_of(rubric: Rubric, batch: Batch) -> Calibration | None:
    truth = batch.truths.get(rubric.lab)
    return load_calibration(rubric.lab, truth.digest) if truth else None


def question_seed(batch: Batch, submission: Submission) -> int:
    """One of a few for each batch, chosen by what was handed in.

    What one notebook carries out of its questions seldom helps another, or the same one changed. Which notebooks meet
    cannot be told without the batch's seed.
    """
    chosen = hashed(f"set {batch.seed} {submission.content}", 4) % QUESTION_SETS
    return hashed(f"questions {batch.seed} {chosen}", 8)


def kernel_seed(seed: int) -> int:
    """The seed student code may see.

    Nothing of the batch's own seed, from which our questions follow, can be told from it.
    """
    return hashed(f"kernel {seed}", 4)


def hashed(text: str, length: int) -> int:
    """A number of so many bytes."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:length], "big")
