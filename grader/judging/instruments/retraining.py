"""Which objects the notebook trained, and how another one like them is made and trained from another seed."""

from msgspec import Struct

from grader.judging.examiner import Examiner
from grader.judging.instruments.predicted import Predicted, predicted
from grader.judging.meeting.classes import CLASSIFIES, classifier_of, training_arguments
from grader.sandbox.guest.wire import Call, Inventory, Make, Opaque, Put, Ref, Step, Training, Value

SETS = {"training_set": "training", "dev_set": "dev", "test_set": "test"}


class Trained(Struct, frozen=True):
    path: str
    classify: str
    training: Training  # its last one
    epochs: float  # of all of them


class Again(Struct, frozen=True):
    test: Predicted
    epochs: float


def trained_objects(survey: Inventory) -> list[Trained]:
    """Each once, with its last training, in the order of these."""
    known = {info.name: info for info in survey.classes}
    done = [t for t in survey.trainings if t.owner and t.steps and t.cls in known]
    last = {t.owner: t for t in done}
    return [
        Trained(t.owner, name, t, sum(other.epochs or 0.0 for other in done if other.owner == t.owner))
        for t in sorted(last.values(), key=survey.trainings.index)
        if (name := classifier_of(known[t.cls]) or function_that_classifies(survey)) is not None
    ]


def function_that_classifies(survey: Inventory) -> str | None:
    """A global function to which the trained object and examples are given."""
    return next((f.name for f in survey.functions if CLASSIFIES.match(f.name) and len(f.parameters) == 2), None)


def retrained(x: Examiner, survey: Inventory, best: Trained, splits: dict[str, str], seed: int) -> Again | None:
    """Test predictions of a new object with the same arguments and settings."""
    t = best.training
    info = next(info for info in survey.classes if info.name == t.cls)
    made = [i for i, _ in enumerate(survey.constructions) if f"[{i}]" in best.path]
    if not made:
        return None
    like = survey.constructions[made[0]]
    if any(isinstance(value, Opaque) for value in (*like.args, *like.kwargs.values())):
        return None
    args, kwargs = training_arguments(survey, info, t.method)
    steps: list[Step] = [Make("c", t.cls, like.args, like.kwargs), *settings("c", t)]
    steps += [
        Call("grader_train_again", (Ref("c"), t.method, *(own(v, splits) for v in args)),
             {name: own(v, splits) for name, v in kwargs.items()}, into="epochs", seed=seed),
        Call("grader_predictions", (Ref("c"), best.classify, Ref(splits["test"])), into="p"),
    ]  # fmt: skip
    seen = x.ask(f"outcome.again.{seed}", *steps, seconds=2 * x.training.seconds + 60)
    test, epochs = predicted(seen.values.get("p")), seen.values.get("epochs")
    return Again(test, epochs) if test is not None and isinstance(epochs, float) else None


def settings(slot: str, t: Training) -> list[Step]:
    """The plain attributes of that moment.

    What stands under `optimizer` is the kind that made the steps; a class may keep the optimizer itself there.
    """
    names = [name for name in t.scalars if name.isidentifier() and name != "optimizer"]
    return [Put(f"{slot}.{name}", t.scalars[name]) for name in names]


def own(value: Value, splits: dict[str, str]) -> Value:
    """The notebook's own name for a data set."""
    if isinstance(value, Ref) and value.path in SETS:
        return Ref(splits.get(SETS[value.path], value.path))
    return value
