"""What predictions are worth: matched with the truth by sentence, against calibrated bounds, labels never seen."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from grader.batch.hidden_labels import labels_hidden
from grader.calibration.bounds import Bounds, Calibration, Environment, Row, Split
from grader.course.folder import load_rubric
from grader.data.folder import data_folder
from grader.data.sentences import key_of
from grader.data.truth import Truth, blind_trees
from grader.judging.comparing.arrays import send
from grader.judging.examiner import Examiner
from grader.judging.instruments.outcome import accuracy
from grader.judging.instruments.predicted import TWO_WAY, Predicted, label_map, predicted
from grader.model import Finding, Isolation, Observation, Outcome, Run, Status, TrainBudget, TrainPolicy, Verdict
from grader.sandbox.guest.wire import (
    Call,
    ClassInfo,
    Construction,
    Inventory,
    Listing,
    Mapping,
    Question,
    Survey,
    Training,
)

TREES = [f"({label} (2 word{n}) (3 more{n % 7}))" for n, label in enumerate([0, 1, 2, 3, 4] * 40)]
SENTENCES = {f"word{n} more{n % 7}": label for n, label in enumerate([0, 1, 2, 3, 4] * 40)}
TRUTH = Truth(
    {key_of(f"dev {s}"): label for s, label in SENTENCES.items()},
    {key_of(s): label for s, label in SENTENCES.items()},
    "digest",
)
BOUNDS = Bounds(mean=0.9, spread=0.02, smallest=0.86, bound=0.85, floor=0.7)
CALIBRATION = Calibration(
    "lab2_mlp", "toy", "digest", 59, {"learning_rate": 0.3, "dropout": 0.2, "l2": 0.0},
    Split(160, 0.5), Split(160, 0.5),
    Environment("3", "2", "2", "x"), "2026-01-01", (Row(5, BOUNDS, BOUNDS),),
)  # fmt: skip

Classify = Callable[[int, int], int]  # (true two-way label, label that comes with the example) -> answer


class Notebook:
    """A fake one: each trained object answers by a function; a training from another seed takes the next of `later`."""

    def __init__(self, *objects: Classify, later: Sequence[Classify] = (), flip: bool = False, **training: Any) -> None:
        self.objects, self.later, self.flip = objects, list(later), flip
        self.training = {"learning_rate": 0.3} | training.pop("scalars", {})
        self.first = self.training | training.pop("first", {})
        self.cut = training.pop("cut", False)
        self.epochs = training.pop("epochs", 10.0)
        self.again = training.pop("again", 10.0)
        self.sets = training.pop("sets", ("dev_set", "training_set", "test_set"))

    def __call__(self, question: Question) -> Observation:
        values: dict[str, Any] = {}
        for step in question.steps:
            if isinstance(step, Survey):
                values[step.into] = self.survey()
            elif isinstance(step, Call) and step.path == "grader_sets":
                values[step.into] = Mapping({name: self.told(name) for name in self.sets})
            elif isinstance(step, Call) and step.path == "grader_train_again" and self.again is not None:
                values[step.into] = self.again
            elif isinstance(step, Call) and step.path == "grader_predictions":
                owner, _, data = (getattr(a, "path", a) for a in step.args)
                classify = self.later.pop(0) if owner == "c" else self.objects[int(str(owner)[6])]
                values[step.into] = self.predictions(classify, "dev " if str(data).startswith("d") else "")
        return Observation(question.id, Status.ANSWERED, values)

    def told(self, name: str) -> Mapping:
        own = "dev " if name.startswith("d") else "" if "test" in name else "train "
        texts = [f"{own}{s}" for s, label in SENTENCES.items() if label != 2 or "whole" in name]
        size = len(texts) // 2 if "half" in name else len(texts)
        return Mapping({"size": size, "texts": Listing(tuple(texts[:40]))})

    def survey(self) -> Inventory:
        info = ClassInfo("Net", 3, {"classify": ()}, ("train",), ())
        made = Construction("Net", (), {}, "")
        trainings = tuple(
            Training("Net", "train", (), {}, told, 0.1, 90, self.cut, self.epochs, f"_made[{i}].instance")
            for i, told in enumerate([self.first, *[self.training] * len(self.objects)][: len(self.objects)])
        )
        return Inventory((info,), (), {}, (), {}, tuple(made for _ in self.objects), trainings)

    def predictions(self, classify: Classify, prefix: str) -> Mapping:
        kept = [(f"{prefix}{s}", int(label > 2) ^ self.flip) for s, label in SENTENCES.items() if label != 2]
        shuffled = np.random.default_rng(0).permutation([label for _, label in kept])
        answers = [classify(label, int(given)) for (_, label), given in zip(kept, shuffled, strict=True)]
        return Mapping({
            "texts": Listing(tuple(s for s, _ in kept)),
            "labels": send(np.array([label for _, label in kept])),
            "shuffled": send(shuffled),
            "predictions": send(np.array(answers)),
        })  # fmt: skip


def wrong_every(n: int, first: int = 0) -> Classify:
    count = iter(range(first, 10**6))
    return lambda label, given: label ^ (next(count) % n == 0)


def judged(notebook: Notebook, **changes: Any) -> Finding:
    x = Examiner(
        "lab2_mlp", (), Run(Outcome.OK, Isolation.NONE), notebook, lambda *_: {}, 1,
        TrainBudget(TrainPolicy.BUDGET), TRUTH, CALIBRATION, head=load_rubric("lab2_mlp").head,
    )  # fmt: skip
    return accuracy(replace(x, **changes))


def right(label: int, given: int) -> int:
    return label


def test_predictions_above_the_bound_pass_and_both_figures_are_told() -> None:
    found = judged(Notebook(wrong_every(20)))
    assert found.verdict is Verdict.PASS
    assert "0.950 on the whole dev set (160 sentences), 0.950 on the whole test set (160)" in found.message


def test_labels_may_be_the_other_way_round() -> None:
    assert judged(Notebook(right, flip=True)).verdict is Verdict.PASS


def test_returning_the_labels_of_the_examples_earns_nothing() -> None:
    found = judged(Notebook(lambda label, given: given))
    assert found.verdict is Verdict.FAIL and found.mistake == "returns-the-labels"


def test_of_several_trained_objects_the_one_best_on_dev_counts() -> None:
    assert judged(Notebook(wrong_every(2), right, wrong_every(3))).verdict is Verdict.PASS


def test_one_class_for_all_is_named() -> None:
    found = judged(Notebook(lambda label, given: 1, later=[]))
    assert found.verdict is Verdict.FAIL and found.mistake == "constant-prediction"


def test_of_equally_good_ones_the_last_counts_since_parts_of_a_lab_may_be_trained_without_all_of_it() -> None:
    one = lambda label, given: 1  # noqa: E731
    assert judged(Notebook(one, one, first={"rate": 0.0})).mistake == "constant-prediction"


def test_between_floor_and_bound_two_more_seeds_decide() -> None:
    grey = wrong_every(5)
    assert judged(Notebook(grey, later=[wrong_every(5, 1), right])).verdict is Verdict.PASS
    found = judged(Notebook(wrong_every(5), later=[wrong_every(5, 1), wrong_every(5, 2), right]))
    assert found.verdict is Verdict.FAIL and "0.850 or more" in found.message


def test_where_other_seeds_tell_nothing_new_a_grey_accuracy_is_left_open() -> None:
    same = [wrong_every(5), wrong_every(5)]
    assert judged(Notebook(wrong_every(5), later=same)).verdict is Verdict.UNSURE  # it sets its seed itself
    others = [wrong_every(5, 1), wrong_every(5, 2)]
    assert (
        judged(Notebook(wrong_every(5), later=others, again=2.0)).verdict is Verdict.UNSURE
    )  # less time, fewer epochs
    assert judged(Notebook(wrong_every(5), later=others, again=None)).verdict is Verdict.UNSURE


def test_sets_are_known_by_their_sentences_whatever_their_names_and_copies() -> None:
    for sets in (
        ("desarrollo", "entrenamiento", "test_b"),
        ("dev_half", "dev_whole", "dev_a", "x", "test_whole", "test_c"),
    ):
        assert judged(Notebook(right, sets=sets)).verdict is Verdict.PASS


def test_labels_that_make_one_class_nearly_all_are_no_way_to_pass() -> None:
    class Skewed(Notebook):
        def predictions(self, classify: Classify, prefix: str) -> Mapping:
            told = super().predictions(classify, prefix).items
            very = [int(label == 4) for label in SENTENCES.values() if label != 2]
            return Mapping({**told, "labels": send(np.array(very)), "predictions": send(np.array(very))})

    assert judged(Skewed(right)).verdict is Verdict.UNSURE


@pytest.mark.parametrize(("wrong", "verdict"), [(20, Verdict.PASS), (9, Verdict.UNSURE), (2, Verdict.UNSURE)])
def test_while_right_answers_may_not_have_begun_to_learn_one_that_has_passes(wrong: int, verdict: Verdict) -> None:
    plateau = replace(CALIBRATION, test=Split(160, 0.84))
    assert judged(Notebook(wrong_every(wrong)), calibration=plateau).verdict is verdict


@pytest.mark.parametrize(("parts", "verdict"), [(12, Verdict.PASS), (3, Verdict.UNSURE)])
def test_an_object_trained_epoch_by_epoch_is_measured_after_all_of_them(parts: int, verdict: Verdict) -> None:
    class Parts(Notebook):
        def survey(self) -> Inventory:
            whole = super().survey()
            return replace(whole, trainings=whole.trainings * parts)

    assert judged(Parts(wrong_every(20), epochs=1.0)).verdict is verdict


@pytest.mark.parametrize("scalars", [{"learning_rate": 0.01}, {"rate": 0.5}, {"l2_lambda": 0.1}, {"hidden_dim": 10}])
def test_a_bound_made_with_the_given_settings_is_not_held_against_others(scalars: dict[str, float]) -> None:
    given = {"dim": 1254, "rate": 0.2, "l2_lambda": 0.0, "hidden_dim": 50}
    assert judged(Notebook(wrong_every(3), scalars=given)).verdict is Verdict.FAIL
    assert judged(Notebook(wrong_every(3), scalars=given | scalars)).verdict is Verdict.UNSURE
    assert judged(Notebook(right, scalars=given | scalars)).verdict is Verdict.PASS


def test_the_rate_of_an_optimizer_that_is_no_attribute_counts_and_so_does_its_kind() -> None:
    nothing = {"learning_rate": None, "rate": 0.2}
    made = {"optimizer": "SGD", "optimizer.learning_rate": float(np.float32(0.3))}
    assert judged(Notebook(wrong_every(3), scalars=nothing)).verdict is Verdict.UNSURE
    assert judged(Notebook(wrong_every(3), scalars=nothing | made)).verdict is Verdict.FAIL
    assert judged(Notebook(wrong_every(3), scalars=nothing | made | {"optimizer": "Adam"})).verdict is Verdict.UNSURE


@pytest.mark.parametrize(
    "changes", [{"truth": None}, {"calibration": None}, {"training": TrainBudget(TrainPolicy.NONE)}]
)
def test_without_anything_to_compare_with_nothing_is_decided(changes: dict[str, Any]) -> None:
    assert judged(Notebook(right), **changes).verdict is Verdict.UNSURE


NONE = TrainBudget(TrainPolicy.NONE)


def test_a_training_that_we_cut_is_told_from_all_other_reasons_to_leave_it_open() -> None:
    class Silent(Notebook):
        def predictions(self, classify: Classify, prefix: str) -> Mapping:
            return Mapping({})

    assert judged(Notebook(right), training=NONE).cut
    others = (Notebook(right, sets=()), Notebook(), Silent(right))
    found = [judged(notebook, training=NONE) for notebook in others] + [judged(Notebook(right), truth=None)]
    assert [(one.verdict, one.cut) for one in found] == [(Verdict.UNSURE, False)] * 4


def test_while_trainings_are_cut_an_object_that_takes_other_examples_does_not_hide_the_one_before_it() -> None:
    class FiveWayLast(Notebook):
        def __call__(self, question: Question) -> Observation:
            paths = [getattr(a, "path", "") for step in question.steps if isinstance(step, Call) for a in step.args]
            if "_made[1].instance" in paths:
                return Observation(question.id, Status.RAISED)
            return super().__call__(question)

    assert judged(FiveWayLast(right, right), training=NONE).cut
    assert judged(FiveWayLast(lambda label, given: given, right), training=NONE).mistake == "returns-the-labels"


def test_before_the_first_calibrated_epoch_nothing_is_decided() -> None:
    assert judged(Notebook(wrong_every(2), epochs=2.0)).verdict is Verdict.UNSURE


def test_a_part_of_an_epoch_is_not_told_as_none() -> None:
    assert "Measured after less than one epoch" in judged(Notebook(wrong_every(2), epochs=0.3)).message
    assert "Measured after 1 epoch" in judged(Notebook(wrong_every(2), epochs=0.8)).message


def test_a_notebook_that_trained_nothing_is_left_open() -> None:
    assert judged(Notebook()).verdict is Verdict.UNSURE


@pytest.mark.parametrize(
    "value",
    [None, 3, Mapping({}), Mapping({"texts": Listing(("a",)), "labels": 1, "shuffled": 1, "predictions": 1})],
)
def test_what_is_no_prediction_for_each_sentence_is_none(value: Any) -> None:
    assert predicted(value) is None


def test_a_sentence_given_twice_counts_once_and_unknown_ones_not() -> None:
    seen = Predicted(("word0 more0", "word0 more0", "never seen"), *(np.zeros(3, int) for _ in range(3)))
    compared = seen.compared(TRUTH.test, TWO_WAY)
    assert compared.examples == 1 and compared.accuracy == 1.0 and compared.missing > 0.99


def test_labels_of_a_five_way_notebook_are_its_own() -> None:
    texts = tuple(f"dev {s}" for s in SENTENCES)
    labels = np.array(list(SENTENCES.values()))
    assert label_map(Predicted(texts, labels, labels, labels), TRUTH) == {n: n for n in range(5)}


def test_labels_of_pairs_are_the_notebook_s_own_and_have_to_be_three() -> None:
    truth = Truth({key_of(s): n % 3 for n, s in enumerate(SENTENCES)}, {}, "digest", inference=True)
    texts = tuple(SENTENCES)
    own = np.array([(n % 3 + 1) % 3 for n in range(len(texts))])
    assert label_map(Predicted(texts, own, own, own), truth) == {0: 1, 1: 2, 2: 0}
    none = np.zeros(len(texts), int)
    assert label_map(Predicted(texts, none, none, none), truth) is None


def test_a_blind_file_keeps_sentences_and_sizes_but_says_nothing_of_the_labels() -> None:
    text = "\n".join(TREES) + "\n"
    hidden = blind_trees(text.encode(), seed=7)
    one, two = text.splitlines(), hidden.decode().splitlines()
    assert [line[2:].replace("(3", "(2") for line in one] == [line[2:] for line in two]
    assert [line[1] == "2" for line in one] == [line[1] == "2" for line in two]
    assert sorted(line[1] for line in one) == sorted(line[1] for line in two)
    agreeing = np.mean([(a[1] > "2") == (b[1] > "2") for a, b in zip(one, two, strict=True) if a[1] != "2"])
    assert 0.3 < agreeing < 0.7
    assert blind_trees(text.encode(), seed=8) != hidden == blind_trees(text.encode(), seed=7)


def test_the_labels_of_the_real_treebank_are_hidden_in_the_batch_and_its_folder_is_gone_afterwards() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADER_DATA", raising=False)
        data = data_folder(None)
    with labels_hidden(data, 3) as shown:
        place = Path(shown.parts["trees"])
        assert (place / "dev.txt").read_bytes() == (data.parts["trees"] / "dev.txt").read_bytes()
        assert (place / "test.txt").read_bytes() != (data.parts["trees"] / "test.txt").read_bytes()
        pairs, seen = (
            [msgspec.json.decode(line) for line in (parts["snli"] / "snli_1.0_test.jsonl").read_text().splitlines()]
            for parts in (data.parts, shown.parts)
        )
    assert not place.exists()
    decided = [(a, b) for a, b in zip(pairs, seen, strict=True) if a["gold_label"] != "-"]
    assert all(a["sentence2_binary_parse"] == b["sentence2_binary_parse"] for a, b in decided)
    assert 0.25 < np.mean([a["gold_label"] == b["gold_label"] for a, b in decided]) < 0.42
    assert all(
        {*b["annotator_labels"]} == {b["gold_label"]} and b["pairID"][-1] == b["gold_label"][0] for _, b in decided
    )
    assert sum(b["gold_label"] == "-" for b in seen) == sum(a["gold_label"] == "-" for a in pairs) > 0
