"""What a trained classifier reaches: its own predictions for dev and test sentences, compared with labels it never saw.

Which of the notebook's trained objects counts is decided by dev accuracy, as the course teaches; points rest on test.
"""

from collections.abc import Callable, Iterator

import numpy as np
from msgspec.structs import replace

from grader.calibration.bounds import Bounds, Calibration, Zone, standard_error, zone
from grader.data.truth import Truth
from grader.judging.checks import cut, failed, passed, unsure
from grader.judging.claims.claims import claimed
from grader.judging.equal.accuracy import accuracy as of_equal_training
from grader.judging.examiner import Examiner
from grader.judging.instruments.measured import as_handed_out, measured, right_ones
from grader.judging.instruments.predicted import FIVE, Predicted, Reading, label_map, predicted, sets_by_split
from grader.judging.instruments.retraining import Trained, retrained, trained_objects
from grader.model import Finding, TrainPolicy
from grader.sandbox.guest.wire import Call, Inventory, Ref, Survey
from grader.wording.counting import quantity

Others = Callable[[], Iterator[tuple[float, float]]]  # accuracies and epochs

OBJECTS = 12  # of a sweep, the last ones
SEEDS = (101, 202)  # of the trainings that decide where one is not enough
FEW = 256
CUT = "Training was cut to a single step here, so the accuracy it reaches says nothing; this is not decided."
UNREAD = "The predictions of your classifier could not be read."
NO_SETS = (
    "The dev and test examples were not found as lists under names of their own, so your classifier could not be asked "
    "about them."
)


def accuracy(x: Examiner) -> Finding:
    survey = x.ask("outcome.survey", Survey("all")).values.get("all")
    if x.truth is None:
        return unsure("Without the course's data there is nothing to measure this by; not decided.")
    splits = sets_by_split(x)
    if "dev" not in splits or "test" not in splits:
        return unsure(NO_SETS)
    objects = trained_objects(survey)[-OBJECTS:] if isinstance(survey, Inventory) else []
    if not objects or not isinstance(survey, Inventory):
        return unsure("No object that your notebook trained could be asked for its predictions.")
    if x.training.policy is TrainPolicy.NONE:
        few = (asked(x, one, f"{splits['dev']}[:{FEW}]") for one in reversed(objects))
        seen = next((predictions for predictions in few if predictions is not None), None)
        if seen is not None and seen.echoes:
            return failed(mistake="returns-the-labels")
        if x.outside is not None:
            return of_equal_training(x)
        return unsure(UNREAD) if seen is None else cut(CUT)
    reached = [(dev, one) for one in objects if (dev := asked(x, one, splits["dev"])) is not None]
    if not reached:
        return unsure(UNREAD)
    return best_of(x, x.truth, reached, survey, splits)


def best_of(
    x: Examiner, truth: Truth, reached: list[tuple[Predicted, Trained]], survey: Inventory, splits: dict[str, str]
) -> Finding:
    labels = label_map(reached[0][0], truth)
    if labels is None:
        return unsure("Your labels do not tell apart what the labels of the data do; not decided.")
    dev, best = max(
        reversed(reached), key=lambda pair: pair[0].compared(truth.dev, labels).accuracy
    )  # the last of equals
    if dev.echoes:
        return failed(mistake="returns-the-labels")
    test = asked(x, best, splits["test"])
    if test is None or test.compared(truth.test, labels).missing > 0.1:
        return unsure("The predictions for the test set could not be matched with its sentences.")
    reading = Reading(dev.compared(truth.dev, labels), test.compared(truth.test, labels), len(set(labels.values())))
    finding = decided(x, best, reading, lambda: again(x, survey, best, splits, (labels, test)))
    return replace(finding, measured=measured(x, best, reading, right_ones(test, truth.test, labels)))


def asked(x: Examiner, one: Trained, data: str) -> Predicted | None:
    call = Call("grader_predictions", (Ref(one.path), one.classify, Ref(data)), into="p")
    return predicted(x.ask(f"outcome.{one.path}.{data}", call, seconds=90).values.get("p"))


def again(
    x: Examiner, survey: Inventory, best: Trained, splits: dict[str, str], first: tuple[dict[int, int], Predicted]
) -> Iterator[tuple[float, float]]:
    """Test accuracies and epochs of new objects trained from other seeds, where these made a difference."""
    labels, before = first
    for seed in SEEDS:
        found = retrained(x, survey, best, splits, seed)
        if found is not None and x.truth and not np.array_equal(found.test.predictions, before.predictions):
            yield found.test.compared(x.truth.test, labels).accuracy, found.epochs


def bounds_for(x: Examiner, best: Trained) -> Bounds | None:
    """After its last training, or after all of them where that was short: it may have been trained in parts."""
    at = x.calibration.at if x.calibration else lambda *_: None
    return at(best.training.epochs or 0.0, "test") or at(best.epochs, "test")


def ahead(calibration: Calibration | None, best: Trained, accuracy: float) -> bool:
    """Where some right answers still predict one class for all: better than that, and than right answers on average."""
    epochs = best.training.epochs or 0.0
    reached = [row for row in calibration.rows if row.epochs <= epochs] if calibration else []
    if calibration is None or not reached:
        return False
    even = calibration.test.majority
    chance = even + 2 * standard_error(even, calibration.test.examples)
    return accuracy > max(chance, reached[-1].test.mean)


def decided(x: Examiner, best: Trained, reading: Reading, others: Others) -> Finding:
    """Pass or fail where the calibration says so; a bound made with the given settings is not held against others."""
    seen, bounds = told(x, best, reading), bounds_for(x, best)
    if bounds is None and not five_way(reading) and ahead(x.calibration, best, reading.test.accuracy):
        return passed(seen)
    if five_way(reading) or bounds is None or x.calibration is None:
        why = "five classes have no calibrated bound" if five_way(reading) else "no bound is calibrated for this"
        return unsure(f"{seen} Not decided: {why}.")
    found = zone(reading.test.accuracy, bounds)
    if found is Zone.PASS:
        return passed(seen)
    if not as_handed_out(x.head, best.training, x.calibration.settings):
        return unsure(
            f"{seen} Right answers with the given settings reach {bounds.bound:.3f} by then; nobody has measured "
            "how far they get with yours, so this is not held against you. Your instructor will look at it."
        )
    if found is Zone.GREY and (rescued := by_other_seeds(x.calibration, bounds, others, seen)) is not None:
        return rescued
    if reading.test.constant:
        return failed(mistake="constant-prediction", seen=seen)
    return failed(below(seen, bounds, x.calibration.seeds))


def five_way(reading: Reading) -> bool:
    return reading.classes == FIVE


def by_other_seeds(calibration: Calibration, bounds: Bounds, others: Others, seen: str) -> Finding | None:
    """A pass if one of them passes; None if all were trained as long, and none does."""
    tried = 0
    for accuracy, epochs in others():
        reached = calibration.at(epochs, "test")
        if reached is not None and zone(accuracy, reached) is Zone.PASS:
            return passed(f"{seen} Trained again from another seed it reached {accuracy:.3f}.")
        tried += reached is not None
    if tried == len(SEEDS):
        return None
    return unsure(
        f"{seen} One right training in twenty lies below {bounds.bound:.3f} as well, and yours could not be trained "
        "again from other seeds; not decided."
    )


def below(seen: str, bounds: Bounds, seeds: int) -> str:
    return (
        f"{seen} That is less than right answers reach after as much training: {bounds.bound:.3f} or more "
        f"({bounds.mean:.3f} in the mean of {seeds} seeds)."
    )


def told(x: Examiner, best: Trained, reading: Reading) -> str:
    """The figures, measured and claimed."""
    claims = claimed(x.cells)
    printed = [
        f"{claim:.3f} on {name}" for name, claim in (("dev", claims.dev), ("test", claims.test)) if claim is not None
    ]
    epochs = max(best.training.epochs or 0.0, best.epochs)
    whole = quantity(round(epochs), "epoch") if round(epochs) else "less than one epoch"
    after = f" after {whole}" if epochs else ""
    cut = ", fewer than you asked for" if best.training.cut else ""
    what = "pairs" if x.truth and x.truth.inference else "sentences"
    return (
        f"Measured{after}{cut}: {reading.dev.accuracy:.3f} on the whole dev set ({reading.dev.examples} {what}), "
        f"{reading.test.accuracy:.3f} on the whole test set ({reading.test.examples})."
        + (f" Your notebook says {' and '.join(printed)}." if printed else "")
    )
