"""How a class is asked for its predictions, of examples of ours."""

from collections.abc import Iterator, Mapping, Sequence

from grader.course.subject import Subject
from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.feeding import COLUMNS, EXAMPLES, STACKED, Batch, example_steps, place_of
from grader.judging.declared.training import Trainee, instance, loop_settings
from grader.sandbox.guest.wire import Listing, Ref, Scalar, Step, Value, Watch


def predicting(
    one: Trainee,
    batch: Batch,
    weights: Mapping[str, Numbers],
    attributes: Mapping[str, Scalar],
    before: Sequence[Step] = (),
    by: str = "",
) -> list[Step]:
    """A watched prediction, `w`, by the method that classifies or by another."""
    loop, _, _ = loop_settings(one, len(batch.labels), 1)
    method = by or one.predictor or "predict"
    return [
        *one.before,
        *before,
        *example_steps(one.inventory, one.subject, batch),
        *instance(one, weights, {**loop, **attributes}, len(batch.labels)),
        Watch("c", method, "w", examples_of(one, method)),
    ]


def examples_of(one: Trainee, method: str) -> tuple[Value, ...]:
    """As a method that predicts takes them: several inputs one by one, or as one thing where it takes one."""
    if one.subject.example:
        return (Ref(EXAMPLES),)
    places: list[Value] = [Ref(place_of(i)) for i in range(len(one.subject.inputs))]
    takes = [p for p in one.info.methods.get(method, ()) if p.required]
    if Ref(COLUMNS) in one.args:
        return (Ref(COLUMNS),)
    if len(places) == 1 or len(takes) >= len(places):
        return tuple(called_in(one.subject, [p.name for p in takes])) if len(places) > 1 else tuple(places)
    return (Ref(STACKED) if Ref(STACKED) in one.args else Listing(tuple(places), "tuple"),)


def called_in(subject: Subject, names: Sequence[str]) -> Iterator[Value]:
    """The inputs in the order in which a method names them; as the lab takes them where it names none of them so."""
    inputs = list(subject.inputs)
    found = [next((i for i, own in enumerate(inputs) if own.lower() in name.lower()), None) for name in names]
    known = sorted(i for i in found if i is not None) == list(range(len(inputs)))
    yield from (Ref(place_of(i)) for i in (found if known else range(len(inputs))) if i is not None)
