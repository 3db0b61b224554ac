"""What a fine-tuned model reaches: its scores for dev and test pairs that we encode, held against their labels.

Points rest on test. A bound decides only where it is reached: it holds for one checkpoint, one rate and 5000 pairs, all
of which students may change, and no second training says whether a seed was unlucky.
"""

import itertools
import json
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from grader.calibration.bounds import Calibration, Zone, zone
from grader.data.packing import content
from grader.data.pairs import file_of, key_of_pair
from grader.data.parts import SNLI
from grader.data.truth import Truth
from grader.judging.checks import cut, passed, unsure
from grader.judging.comparing.arrays import Numbers
from grader.judging.examiner import Examiner
from grader.judging.instruments.measured import DIGITS, packed
from grader.judging.kinds.fine_tuning.asking import Pairs
from grader.judging.kinds.fine_tuning.interview import on_pairs, scores_for, separator
from grader.judging.kinds.fine_tuning.reported import Model, listed, model
from grader.model import Finding, Measured, TrainPolicy

Reached = tuple[Numbers, Numbers]  # predictions and labels [n]

MOST = {"dev": 600, "test": 1200}  # pairs that are asked about; a large model takes minutes for more
AT_ONCE = 200
CUT = "Training was cut to a single step here, so the accuracy it reaches says nothing; this is not decided."


def of_pairs(x: Examiner) -> Finding:
    if x.training.policy is TrainPolicy.NONE:
        return cut(CUT)
    if x.truth is None:
        return unsure("Without the course's pairs there is nothing to measure this by; not decided.")
    models = [m for m in map(model, listed(x)) if m is not None and m.fits and on_pairs(m, separator(x))]
    if not models:
        return unsure("No model that was fitted to pairs could be asked for its predictions.")
    reached = {split: predicted(x, models[-1], split) for split in MOST}
    dev, test = reached["dev"], reached["test"]
    if dev is None or test is None:
        return unsure("Your model gave no scores for pairs of the data; not decided.")
    # Whichever number a notebook gives to which class.
    order = max(itertools.permutations(range(3)), key=lambda order: share(dev, order))
    seen = (
        f"Measured{', after fewer epochs than you asked for' if models[-1].cut else ''}: {share(dev, order):.3f} on "
        f"{len(dev[1])} pairs of the dev set, {share(test, order):.3f} on {len(test[1])} of the test set."
    )
    finding = decided(x.calibration, share(test, order), seen)
    return replace(finding, measured=of(x.truth, (dev, test), order))


def of(truth: Truth, reached: tuple[Reached, Reached], order: Sequence[int]) -> Measured:
    dev, test = reached
    right = test[0] == np.asarray(order)[test[1]]
    return Measured(
        dev=share(dev, order),
        dev_examples=len(dev[1]),
        test=share(test, order),
        test_examples=len(test[1]),
        test_set=truth.digest[:DIGITS],
        right=packed(right.tolist()),
    )


def decided(calibration: Calibration | None, reached: float, seen: str) -> Finding:
    """By what right answers reach in the end, after however many epochs it was reached."""
    bounds = calibration.at(calibration.rows[-1].epochs, "test") if calibration else None
    if bounds is None:
        return unsure(f"{seen} Not decided: no bound is calibrated for this.")
    if zone(reached, bounds) is Zone.PASS:
        return passed(seen)
    return unsure(f"{seen} Right answers reach {bounds.bound:.3f}; your instructor will look at it.")


def share(found: Reached, order: Sequence[int]) -> float:
    predictions, labels = found
    return float(np.mean(predictions == np.asarray(order)[labels]))


def predicted(x: Examiner, m: Model, split: str) -> Reached | None:
    """Of the first pairs of a split."""
    pairs = known(x, split)
    predictions = []
    for start in range(0, len(pairs.labels), AT_ONCE):
        here = slice(start, start + AT_ONCE)
        scores = scores_for(x, m, Pairs(pairs.premises[here], pairs.hypotheses[here], pairs.labels[here]))
        if scores is None or scores.shape[1] != 3:
            return None
        predictions.append(np.argmax(scores, axis=1))
    return (np.concatenate(predictions), np.asarray(pairs.labels)) if predictions else None


def known(x: Examiner, split: str) -> Pairs:
    """Pairs of the data with their right labels, which the files that notebooks see do not have."""
    found: list[tuple[str, str, int]] = []
    labels = getattr(x.truth, split)
    for line in content(x.data[SNLI.name], file_of(split)).splitlines():
        told = json.loads(line)
        key = key_of_pair(told["sentence1"], told["sentence2"])
        if key in labels:
            found.append((told["sentence1"], told["sentence2"], labels[key]))
        if len(found) == MOST[split]:
            break
    premises, hypotheses, right = zip(*found, strict=True) if found else ((), (), ())
    return Pairs(tuple(premises), tuple(hypotheses), tuple(right))
