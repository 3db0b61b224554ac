"""What methods of a class give that its training does not call, where targets are numbers.

A cost may be made of a score whose exponential, the rate, another method tells.
"""

from collections.abc import Iterator, Mapping, Sequence

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.declared.feeding import Batch
from grader.judging.declared.outputs import outputs
from grader.judging.declared.predicting import predicting
from grader.judging.declared.training import Trainee
from grader.judging.examiner import Examiner
from grader.judging.instruments.silence import whole
from grader.judging.meeting.watching import watched_in
from grader.sandbox.guest.wire import Scalar

METHODS = 6  # that are tried
SECONDS = 20.0


def outputs_aside(
    x: Examiner, one: Trainee, batch: Batch, weights: Mapping[str, Numbers], attributes: Mapping[str, Scalar]
) -> list[Numbers]:
    found: list[Numbers] = []
    for method in one.aside[:METHODS]:
        steps = predicting(one, batch, weights, attributes, whole(), method)
        seen = x.ask(f"{one.info.name}.{method}", *steps, seconds=SECONDS)
        watched = watched_in(seen)
        whole_answer = array(watched.returned) if watched else None
        if whole_answer is not None and whole_answer.dtype.kind == "f" and whole_answer.shape[:1] == batch.labels.shape:
            found.append(whole_answer)
        found += outputs(watched, batch.inputs, under_tape=False)
    return found


def as_numbers_and_columns(shown: Sequence[Numbers]) -> Iterator[Numbers]:
    """A number or a column of one is the same estimate; what the difference does in a cost is seen there."""
    yield from shown
    for rows in shown:
        if rows.shape[1:] in ((), (1,)):
            yield rows[:, None] if rows.ndim == 1 else rows[:, 0]
