"""What the trained object reaches on examples it was not trained on, which are those of the model answer's notebook."""

from collections.abc import Iterator
from itertools import islice, permutations

import numpy as np

from grader.course.subject import Reached, Subject, SubjectKind
from grader.judging.checks import cut, failed, passed, unsure
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.declared.feeding import ORDERS
from grader.judging.declared.interview import form_examiner
from grader.judging.examiner import Examiner
from grader.judging.instruments.retraining import trained_objects
from grader.judging.model_answer import DECK, ModelAnswer
from grader.model import Finding, TrainPolicy
from grader.sandbox.guest.wire import Call, Listing, Read, Ref, Step, Value

CUT = "Training was cut to a single step here, so the accuracy it reaches says nothing; this is not decided."
SHORTENED = ("cut short", "stopped before its end")  # in what the kernel told of a training
OBJECTS = 4  # the last ones that were trained
SECONDS = 90.0


def reached(x: Examiner, subject: Subject, answer: ModelAnswer) -> Finding:
    """The last trained object that predicts counts; its accuracy is computed here, with the model answer's labels."""
    if subject.outcome is None or x.training.policy is TrainPolicy.NONE:
        return cut(CUT)
    given = held_out(x, subject.outcome, answer)
    if given is None:
        return unsure("The model answer's examples could not be read; your instructor will look at it.")
    inputs, labels = given
    for ways in predictors(x, subject, inputs):
        answers = (array(x.ask("outcome", step, seconds=SECONDS).values.get("p")) for step in ways)
        told = [rows for rows in answers if rows is not None and rows.shape[:1] == labels.shape[:1]]
        if told:
            return decided(x, subject.outcome, max(accuracy(rows, labels) for rows in told))
    return unsure("No object that your notebook trained could be asked for its predictions.")


def held_out(x: Examiner, outcome: Reached, answer: ModelAnswer) -> tuple[list[Numbers], Numbers] | None:
    names = outcome.globals
    reads = (Read(name, f"inputs {i}") for i, name in enumerate(names))
    seen = form_examiner(x, answer, DECK).ask("held out", *reads, Read(outcome.labels, "labels"))
    inputs, labels = (
        [array(seen.values.get(f"inputs {i}")) for i in range(len(names))],
        array(seen.values.get("labels")),
    )
    known = [one for one in inputs if one is not None]
    return None if len(known) < len(names) or labels is None else (known, labels)


def predictors(x: Examiner, subject: Subject, inputs: list[Numbers]) -> Iterator[list[Step]]:
    """For each object that may be meant, the ways to ask it: several inputs come in any order, or as one thing."""
    values: list[Value] = [send(one) for one in inputs]
    if subject.kind is SubjectKind.KERAS:
        listed = x.ask("keras.models", Call("grader_keras_models", into="m")).values.get("m")
        given = values[0] if len(values) == 1 else Listing(tuple(values))
        for name in (listed.items if isinstance(listed, Listing) else ())[:OBJECTS]:
            yield [Call("grader_keras_predicted", (Ref(str(name)), given), into="p")]
        return
    survey = x.survey()
    orders = list(islice(permutations(values), ORDERS)) if len({one.shape for one in inputs}) == 1 else [tuple(values)]
    ways = [*orders, *((Listing(order, "tuple"),) for order in orders if len(order) > 1)]
    for one in reversed(trained_objects(survey)[-OBJECTS:] if survey else []):
        yield [Call(f"{one.path}.{one.classify}", way, into="p") for way in ways]


def accuracy(told: Numbers, labels: Numbers) -> float:
    """Of classes, or of rows in which the largest entry is the class; labels may be such rows too."""
    seen, right = (
        np.argmax(rows, axis=-1) if rows.ndim == 2 and rows.shape[1] > 1 else rows.reshape(-1)
        for rows in (told, labels)
    )
    return float(np.mean(np.round(seen.astype(float)) == right))


def decided(x: Examiner, outcome: Reached, share: float) -> Finding:
    told = f"{share:.1%} of the held-out examples are right; {outcome.at_least:.1%} are asked for."
    if share >= outcome.at_least:
        return passed(told)
    if any(word in change for change in x.run.changes for word in SHORTENED):
        return cut(f"{told} But the training was cut short here; not decided.")
    return failed(told)
