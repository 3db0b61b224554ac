"""What the trained object reaches on examples it was not trained on, which are those of the model answer's notebook."""

from collections.abc import Iterator

import numpy as np

from grader.course.subject import Reached, Subject, SubjectKind
from grader.judging.checks import cut, failed, passed, unsure
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.declared.interview import form_examiner
from grader.judging.examiner import Examiner
from grader.judging.instruments.retraining import trained_objects
from grader.judging.model_answer import DECK, ModelAnswer
from grader.model import Finding, TrainPolicy
from grader.sandbox.guest.wire import Call, Listing, Read, Ref, Step

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
    for step in predictors(x, subject, inputs):
        told = array(x.ask("outcome", step, seconds=SECONDS).values.get("p"))
        if told is not None and told.shape[:1] == labels.shape[:1]:
            return decided(x, subject.outcome, accuracy(told, labels))
    return unsure("No object that your notebook trained could be asked for its predictions.")


def held_out(x: Examiner, outcome: Reached, answer: ModelAnswer) -> tuple[Numbers, Numbers] | None:
    seen = form_examiner(x, answer, DECK).ask(
        "held out", Read(outcome.inputs, "inputs"), Read(outcome.labels, "labels")
    )
    inputs, labels = array(seen.values.get("inputs")), array(seen.values.get("labels"))
    return None if inputs is None or labels is None else (inputs, labels)


def predictors(x: Examiner, subject: Subject, inputs: Numbers) -> Iterator[Step]:
    if subject.kind is SubjectKind.KERAS:
        listed = x.ask("keras.models", Call("grader_keras_models", into="m")).values.get("m")
        for name in (listed.items if isinstance(listed, Listing) else ())[:OBJECTS]:
            yield Call("grader_keras_predicted", (Ref(str(name)), send(inputs)), into="p")
        return
    survey = x.survey()
    for one in reversed(trained_objects(survey)[-OBJECTS:] if survey else []):
        yield Call(f"{one.path}.{one.classify}", (send(inputs),), into="p")


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
