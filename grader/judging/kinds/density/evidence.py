"""What the interview of lab1 brings home: both functions with every form of argument, and how they came to it."""

from collections.abc import Mapping

from msgspec import Struct

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.formulas import Answers
from grader.model import Observation, Status

LAB = "lab1_warmup"
SESSION = (
    "`tf_fn` is written for TensorFlow 1: it computes in a session, which returns NumPy arrays that no gradient "
    "flows through. In TensorFlow 2 a function computes at once: leave out placeholder and session."
)


class Asked(Struct, frozen=True):
    """One function with one form of argument."""

    form: str
    x: Numbers
    observation: Observation
    answers: Answers

    @property
    def value(self) -> Numbers | None:
        return array(self.observation.values.get("p"))


class Named(Struct, frozen=True):
    name: str
    exists: bool


class Answering(Struct, frozen=True):
    """Everything one of the two functions answered."""

    name: str
    exists: bool
    asked: tuple[Asked, ...]
    cell: int | None
    ready_made: bool
    idle: bool = True  # by its text, where that is at hand
    mixed: bool = False  # an entry of its answer depends on how many others there are
    tables: tuple[str, ...] = ()  # collections of many numbers without which it gives other answers

    @property
    def silent(self) -> bool:
        """Returns None for everything, as in the handout."""
        return all(
            a.observation.status is Status.ANSWERED and a.observation.values.get("p") is None for a in self.asked
        )


class Evidence(Struct, frozen=True):
    numpy: Answering
    tensorflow: Answering
    gradient: Observation
    gradients: Answers
    numpy_touched: bool | None  # None: no answer
    led: bool | None  # x wrapped anew leads to the result by operations that a gradient passes
    library: str | None  # whose density a cell of the notebook names
    in_a_session: bool  # of TensorFlow 1
    other_sigma: Mapping[str, bool]  # function -> whether σ = 1.7 in place of its literal 1 gives the right density
