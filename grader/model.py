"""The values that flow through the pipeline; each stage takes frozen ones and returns frozen ones."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from grader.figures import AttentionMap, Band, Curve, GradientRow
from grader.sandbox.guest.wire import Inventory, Trouble, Value, VariableList, Watched


class Outcome(StrEnum):
    """How a submission ended, seen from outside; the words of results.json."""

    OK = "ok"
    FAILED_CELLS = "failed_cells"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    DIED = "died"
    UNREADABLE = "unreadable"
    UNATTEMPTED = "unattempted"
    GRADER_ERROR = "grader_error"


class Isolation(StrEnum):
    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    NONE = "none"


class Level(StrEnum):
    RUNS = "runs"
    SHAPES = "shapes"
    VALUES = "values"
    GRADIENTS = "gradients"
    REGULARISATION = "regularisation"
    DROPOUT = "dropout"
    LEARNS = "learns"
    OUTCOME = "outcome"
    MANUAL = "manual"


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    BLOCKED = "blocked"  # a check it needs did not pass
    UNSURE = "unsure"  # our doubt, cut or fault: points pending
    MANUAL = "manual"  # a person decides: points pending


class TrainPolicy(StrEnum):
    FULL = "full"  # as the student wrote it
    BUDGET = "budget"  # epochs and seconds capped by the rubric
    NONE = "none"  # one epoch on one batch, so that later cells live


class CellStatus(StrEnum):
    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    DIED = "died"  # the kernel went down with it
    OUT_OF_MEMORY = "out_of_memory"
    SKIPPED = "skipped"  # left out on purpose, or after the submission's deadline


class Cell(Struct, frozen=True):
    index: int
    kind: str  # code | markdown | raw
    source: str
    colab_id: str | None = None
    outputs: tuple[dict[str, Any], ...] = ()  # what was printed before it was handed in; of pictures only their kind


class Submission(Struct, frozen=True):
    """One notebook as handed in, repaired where Colab or an editor left oddities."""

    path: Path  # absolute; for a zip: the zip's path joined with the member's name
    student: str
    lab: str | None  # slug, by content or name; None when neither tells
    cells: tuple[Cell, ...] = ()
    repairs: tuple[str, ...] = ()  # a sentence each
    fault: str | None = None  # why it cannot be read; then there are no cells
    content: str = ""  # sha256 of the bytes handed in
    modules: tuple[tuple[str, str], ...] = ()  # files of Python code handed in beside it: name without ending, source
    lab_reason: str = ""  # a sentence: why it was taken for this lab; empty where that was not asked
    student_id: str = ""  # where a name held one
    file: str = ""  # as it was called, below what was given to the grader
    named_by: str = ""  # what told whose it is: pattern | path | words (its own) | file
    warnings: tuple[str, ...] = ()  # those of the repairs that the student has to read first
    damaged: bool = False  # cells were lost before it came to us


class CellRun(Struct, frozen=True):
    index: int
    status: CellStatus
    seconds: float = 0.0
    trouble: Trouble | None = None
    outputs: tuple[dict[str, Any], ...] = ()  # nbformat outputs, size-capped
    excuse: str = ""  # why it failed through no fault of its own: a clause, to stand behind a colon
    lost: tuple[str, ...] = ()  # names that it would have given something to


class Run(Struct, frozen=True):
    """What happened when the notebook ran from top to bottom."""

    outcome: Outcome
    isolation: Isolation
    cells: tuple[CellRun, ...] = ()
    changes: tuple[str, ...] = ()  # what we changed, answered ourselves or ignored; a sentence each
    seconds: float = 0.0
    fault: str | None = None  # one sentence: what ended it, and whose fault that is


class Difference(Struct, frozen=True):
    """How two tensors differ, in words and as a small table of (where, yours, expected)."""

    sentence: str
    rows: tuple[tuple[str, str, str], ...] = ()


class Measured(Struct, frozen=True):
    """What a trained classifier reached by labels that its notebook never saw, and what it was trained with."""

    dev: float  # shares of right answers
    dev_examples: int
    test: float
    test_examples: int
    test_set: str  # begins the hash of the data: figures of other data say nothing beside these
    outside: bool = False  # trained by the lab's own loop with the notebook's settings
    epochs: float | None = None
    settings: dict[str, float | str] = {}  # under our names, read from the objects that were trained
    sizes: tuple[tuple[int, ...], ...] = ()  # shapes of the variables that were trained
    right: str = ""  # which answers on test are right: bits in base64, in the order of the data
    claimed_dev: float | None = None  # what the notebook says
    claimed_test: float | None = None


class Finding(Struct, frozen=True):
    """What a check saw. Points are none of its business."""

    check: str
    verdict: Verdict
    message: str  # one or two sentences to the student
    mistake: str | None = None  # slug, named in the rubric
    seen: str = ""  # what the student's code did, briefly
    difference: Difference | None = None
    cell: int | None = None  # index of the cell to look at
    cut: bool = False  # undecided because we cut the training short on purpose, and for no other reason
    closest: str | None = None  # slug of the known mistake that comes nearest, where it is none of them
    measured: Measured | None = None


class Remark(Struct, frozen=True):
    """Costs nothing: a valid form that differs from the deck, tuned sizes, an extra done."""

    id: str
    message: str
    extra: bool = False  # right, and more than was asked: praised


class Automatic(Struct, frozen=True):  # what the grader says of a check that a person decided
    verdict: Verdict
    points: float
    mistake: str | None
    message: str


class Decision(Struct, frozen=True):
    """A person's mark for a check, in the place of the grader's."""

    points: float
    reason: str
    comment: str
    reviewer: str
    time: str  # UTC
    automatic: Automatic


class CheckResult(Struct, frozen=True):
    """A finding with its points and the rubric's words around it."""

    id: str
    level: Level
    title: str
    verdict: Verdict
    points: float
    possible: float
    message: str
    public: bool = False
    tested: str = ""  # how it was asked
    why: str = ""  # why it matters
    seen: str = ""
    mistake: str | None = None
    mistake_title: str = ""
    hint: str = ""
    difference: Difference | None = None
    cell: int | None = None
    cut: bool = False
    decision: Decision | None = None
    nudge: str = ""
    formula: str = ""  # LaTeX, an equation a line
    example: str = ""
    closest: str = ""  # title of the known mistake that comes nearest, where none was named
    measured: Measured | None = None


class Scorecard(Struct, frozen=True):
    checks: tuple[CheckResult, ...] = ()
    earned: float = 0.0
    possible: float = 0.0  # pending included
    pending: float = 0.0
    fix_first: str | None = None  # id of the check whose repair helps most


class Report(Struct, frozen=True):
    """Everything a page or a row of results.json is made of."""

    submission: Submission
    lab_title: str
    outcome: Outcome
    run: Run
    card: Scorecard
    remarks: tuple[Remark, ...] = ()
    summary: str = ""  # one or two sentences on top of the page
    seconds: float = 0.0
    seed: int = 0
    data: str = "toy"  # what the notebook ran on, in words
    curves: tuple[Curve, ...] = ()
    band: Band | None = None
    attention: tuple[AttentionMap, ...] = ()
    gradients: tuple[GradientRow, ...] = ()
    begun: float = 0.0  # seconds since 1970, UTC; 0 where nobody wrote it down


class Status(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    RAISED = "raised"  # the student's code raised; values up to that step are there
    LATE = "late"
    UNASKED = "unasked"  # the time for all questions was over
    DIED = "died"  # the kernel went down, or could not be brought back
    MALFORMED = "malformed"  # a reply that is not one


OUT_OF_TIME = (Status.LATE, Status.UNASKED)


class Observation(Struct, frozen=True):
    """What came back for a question. Every value may be a lie; none is ever a pass by itself."""

    question: str
    status: Status
    values: dict[str, Value | Watched | Inventory | VariableList] = {}
    trouble: Trouble | None = None
    at: int | None = None  # the step that raised
    printed: str = ""


class Device(Struct, frozen=True):
    """What one kernel may use of a GPU."""

    uuid: str
    name: str
    minor: int  # of /dev/nvidia<minor>
    memory: int  # bytes that TensorFlow may take
    alone: bool = False  # no other kernel of ours is on it
    elsewhere: int = 0  # bytes that other programs held of it, where it is alone


class Limits(Struct, frozen=True):
    """Seconds and bytes a submission may use."""

    submission: float = 300.0
    cell: float = 120.0
    memory: int = 6 * 1024**3  # whole process tree
    disk: int = 512 * 1024**2
    output: int = 2 * 1024**2  # kept per notebook, in bytes of JSON
    processes: int = 256
    replies: int = 256 * 1024**2  # to all questions, which are kept; 8 MB are many


class TrainBudget(Struct, frozen=True):
    """How much training a notebook may do by itself; the guest gets it with its configuration."""

    policy: TrainPolicy = TrainPolicy.BUDGET
    epochs: int = 10
    seconds: float = 120.0  # all trainings of the notebook together
    accelerate: bool = True  # what is shown to be the same as a graph trains as one
