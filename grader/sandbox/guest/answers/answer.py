"""Carries out the steps of a question in the notebook's namespace; globals it touched are put back afterwards."""

import ast
import contextlib
import sys
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .. import wire
from ..colab import downloads
from ..colab.cells import locate
from ..trainings import shared
from . import constructions, derived, forms, own_code, survey, touch, watch
from . import tape as recorded
from .generators import seed_everything
from .kinds import computed, encodings, finetuned, keras_models, pairs, predictions, rates, ready_layers, vocabulary
from .values import decode, encode, encode_result, is_variable

_ABSENT = object()


class Namespace:
    """The notebook's globals with this question's slots before them; our functions are called like no notebook's."""

    def __init__(self) -> None:
        self.globals: dict[str, Any] = sys.modules["__main__"].__dict__
        self.slots: dict[str, Any] = {
            "grader_touched": touch.touched,
            "grader_ready_made": touch.ready_made,
            "grader_ready_layers": ready_layers.ready_layers,
            "grader_computed": computed.computed,
            "grader_led": derived.led,
            "grader_tables": derived.tables,
            "grader_vocabulary": vocabulary.vocabulary,
            "grader_predictions": predictions.predictions,
            "grader_encoded": encodings.encoded,
            "grader_train_again": predictions.train_again,
            "grader_photo": downloads.photo,
            "grader_set_rates": rates.set_rates,
            "grader_sets": lambda: predictions.sets_of(self.globals),
            "grader_models": finetuned.models,
            "grader_fine_tuned": finetuned.fine_tuned,
            "grader_loss_of": finetuned.loss_of,
            "grader_logits_of": finetuned.logits_of,
            "grader_pair_rows": pairs.pair_rows,
            "grader_keras_models": keras_models.models,
            "grader_keras_weights": keras_models.weights,
            "grader_keras_computed": keras_models.computed,
            "grader_keras_predicted": keras_models.predicted,
            "grader_keras_fitted": keras_models.fitted,
            constructions.SLOT: constructions.CONSTRUCTIONS,
        }
        self.slots |= {name: f for name, f in own_code.functions_beside().items() if name not in self.slots}
        self.undo: list[Callable[[], None]] = []

    def find(self, path: str) -> Any:
        if path in self.slots:
            return self.slots[path]
        return eval(path, self.globals, self.slots)  # noqa: S307 - we are inside the jail, asking about its own objects

    def value(self, value: Any) -> Any:
        return decode(value, self.find)

    def put(self, path: str, new: Any) -> None:
        """Into a variable by `assign`; into a global, attribute or item by replacing it until the question ends."""
        target = ast.parse(path, mode="eval").body
        if isinstance(target, ast.Name):
            for names in own_code.namespaces():
                if names is self.globals or path in names:
                    self.replace(names, path, new)
        elif isinstance(target, ast.Subscript):
            self.write(self.owner(target), ast.literal_eval(target.slice), new)
        elif isinstance(target, ast.Attribute):
            owner = self.owner(target)
            old: Any = getattr(owner, target.attr, _ABSENT)
            if is_variable(old) and not is_variable(new):
                old.assign(tf.cast(new, old.dtype))
                return
            self.undo.append(
                lambda: setattr(owner, target.attr, old) if old is not _ABSENT else delattr(owner, target.attr)
            )
            setattr(owner, target.attr, new)

    def write(self, owner: Any, key: Any, new: Any) -> None:
        if is_variable(owner[key]) and not is_variable(new):
            owner[key].assign(tf.cast(new, owner[key].dtype))
        else:
            self.replace(owner, key, new)

    def replace(self, holder: Any, key: Any, new: Any) -> None:
        old = holder.get(key, _ABSENT) if isinstance(holder, dict) else holder[key]
        self.undo.append(lambda: holder.__setitem__(key, old) if old is not _ABSENT else holder.pop(key, None))
        holder[key] = new

    def owner(self, target: Any) -> Any:
        return self.find(ast.unparse(target.value))

    def restore(self) -> None:
        while self.undo:
            with contextlib.suppress(Exception):  # an object of the student's may refuse; the next ones still count
                self.undo.pop()()


@shared.as_written()
def answer(question: wire.Question, values: dict[str, Any]) -> tuple[wire.Trouble | None, int | None]:
    """Fill `values`; the exception of the first step that raised and that step's number, else (None, None)."""
    tf.config.run_functions_eagerly(True)  # a watched tape inside a graph fires once, with symbols
    tf.config.experimental.enable_tensor_float_32_execution(False)  # a GPU's ten bits of mantissa are no right answer
    names = Namespace()
    number = 0
    try:
        with recorded.unattended():
            for number, step in enumerate(question.steps):  # noqa: B007 - the number of the step that raised is reported
                STEPS[type(step)](step, names, values)
    except Exception as error:  # whatever the student's code raises is an answer
        return trouble_from(error), number
    except (SystemExit, KeyboardInterrupt) as error:
        return trouble_from(error), number
    finally:
        names.restore()
    return None, None


def trouble_from(error: BaseException) -> wire.Trouble:
    cell, line, text = locate(error.__traceback__) if error.__traceback__ else (None, None, None)
    try:
        message = str(error)[:2000]
    except Exception:  # an exception class of the student's whose __str__ fails
        message = ""
    return wire.Trouble(type(error).__name__[:100], message, cell, line, text)


def make(step: wire.Make, names: Namespace, values: dict[str, Any]) -> None:
    cls = survey.class_named(step.cls)
    keywords = {key: names.value(value) for key, value in step.kwargs.items()}
    names.slots[step.into] = cls(*[names.value(value) for value in step.args], **keywords)


def put(step: wire.Put, names: Namespace, values: dict[str, Any]) -> None:
    names.put(step.path, names.value(step.value))


def call(step: wire.Call, names: Namespace, values: dict[str, Any]) -> None:
    function = names.find(step.path)
    arguments = [names.value(value) for value in step.args]
    keywords = {key: names.value(value) for key, value in step.kwargs.items()}
    seed_everything(step.seed, names.globals, names.slots)
    result = function(*arguments, **keywords)
    if step.keep:
        names.slots[step.into] = result
    if step.into:
        values[step.into] = encode_result(result)


def read(step: wire.Read, names: Namespace, values: dict[str, Any]) -> None:
    values[step.into] = encode_result(names.find(step.path))


def list_variables(step: wire.ListVariables, names: Namespace, values: dict[str, Any]) -> None:
    values[step.into] = survey.variables(names.find(step.path), step.path, step.values, step.scalars)


def take_survey(step: wire.Survey, names: Namespace, values: dict[str, Any]) -> None:
    values[step.into] = survey.inventory(own_code.functions_beside() | names.globals)


def watch_training(step: wire.Watch, names: Namespace, values: dict[str, Any]) -> None:
    arguments = [names.value(value) for value in step.args]
    keywords = {key: names.value(value) for key, value in step.kwargs.items()}
    seed_everything(step.seed, names.globals, names.slots)
    values[step.into] = watch.watched(names.find(step.owner), step, arguments, keywords, trouble_from)


def take_form(step: wire.Form, names: Namespace, values: dict[str, Any]) -> None:
    forms.take(step)


def gradient(step: wire.Gradient, names: Namespace, values: dict[str, Any]) -> None:
    function = names.find(step.path)
    first, *others = [names.value(value) for value in step.args]
    seed_everything(step.seed, names.globals, names.slots)
    x = tf.constant(first)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = sum_of(function(x, *others))
    found = None if total is None else tape.gradient(total, x)
    values[step.into] = encode(tf.convert_to_tensor(found) if found is not None else None)  # slices where one looks up


def sum_of(result: Any) -> Any:
    """Of all numbers in a tensor, or in a tuple, list or dict of them; None where there are none but whole ones."""
    parts = [tf.convert_to_tensor(part) for part in tf.nest.flatten(result) if part is not None]
    sums = [tf.reduce_sum(part) for part in parts if part.dtype.is_floating]
    return tf.add_n([tf.cast(one, sums[0].dtype) for one in sums]) if sums else None


STEPS: dict[type, Callable[[Any, Namespace, dict[str, Any]], None]] = {
    wire.Make: make,
    wire.Put: put,
    wire.Call: call,
    wire.Read: read,
    wire.ListVariables: list_variables,
    wire.Survey: take_survey,
    wire.Watch: watch_training,
    wire.Gradient: gradient,
    wire.Form: take_form,
}
