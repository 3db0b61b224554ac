"""A setting counts as tried where a training of the notebook ran with it, however the notebook is laid out."""

from collections.abc import Sequence

import numpy as np

from grader.judging.comparing.arrays import Numbers, send
from grader.judging.kinds.logistic.checks import sweep
from grader.judging.kinds.logistic.interview import Evidence
from grader.judging.meeting.classes import VECTORS
from grader.judging.meeting.contact import Contact, Recipe
from grader.judging.meeting.knobs import Knob, steering, values_tried
from grader.model import Verdict
from grader.sandbox.guest.wire import (
    ClassInfo,
    Construction,
    Inventory,
    ParameterInfo,
    Scalar,
    TapeEvent,
    Training,
    VariableInfo,
    Watched,
)

RATE = Knob("argument", "lr")


def made(*rates: float) -> list[Construction]:
    return [Construction("Softmax", (11, rate), {}, "") for rate in rates]


def trained(owner: str, *, steps: int = 40, args: tuple[Scalar, ...] = (), **attributes: Scalar) -> Training:
    return Training("Softmax", "fit", args, {}, attributes, 0.5, steps, False, 2.0, owner)


def contact(constructions: Sequence[Construction], trainings: Sequence[Training]) -> Contact:
    parameters = (ParameterInfo("dim", True), ParameterInfo("lr", False, 1.0))
    info = ClassInfo("Softmax", 4, {"fit": (ParameterInfo("rate", False, 0.1),)}, ("fit",), parameters)
    inventory = Inventory((info,), (), {}, (), {}, tuple(constructions), tuple(trainings))
    recipe = Recipe("Softmax", (11, 1.0), {}, ("dim", "lr"))
    return Contact(VECTORS, info, recipe, "fit", (), {}, "classify", {}, (), None, 11, 0, 5, inventory)


def verdict(seen: Contact) -> Verdict:
    return sweep(Evidence(seen), (RATE,), "learning rate").verdict


def test_settings_that_were_only_constructed_were_not_tried() -> None:
    seen = contact(made(1.0, 0.1, 0.3, 3.0), [trained("_made[0].instance", lr=1.0)])
    assert values_tried(seen, RATE) == {1.0}
    assert verdict(seen) is Verdict.MANUAL


def test_a_training_without_a_step_tries_nothing() -> None:
    fits = [trained("_made[0].instance"), *(trained(f"_made[{n}].instance", steps=0) for n in (1, 2))]
    assert values_tried(contact(made(1.0, 0.1, 0.3), fits), RATE) == {1.0}


def test_a_sweep_of_which_only_the_chosen_setting_was_trained_is_left_to_a_person() -> None:
    seen = contact(made(1.0, 0.1, 0.3, 3.0, 0.1), [trained(f"_made[{n}].instance") for n in (0, 4)])
    assert values_tried(seen, RATE) == {1.0, 0.1}
    assert verdict(seen) is Verdict.MANUAL
    one_left_over = contact(made(0.5, 1.0, 0.1), [trained(f"_made[{n}].instance") for n in (1, 2)])
    assert verdict(one_left_over) is Verdict.PASS


def test_every_instance_of_a_loop_that_makes_and_trains_counts_though_the_next_takes_its_name() -> None:
    seen = contact(made(0.03, 0.1, 0.3), [trained(f"_made[{n}].instance") for n in range(3)])
    assert values_tried(seen, RATE) == {0.03, 0.1, 0.3}
    assert verdict(seen) is Verdict.PASS


def test_instances_made_first_and_trained_later_in_another_order_count() -> None:
    seen = contact(made(0.03, 0.1, 0.3), [trained("_made[2].instance"), trained("_made[0].instance")])
    assert values_tried(seen, RATE) == {0.03, 0.3}


def test_a_constructor_that_trains_and_a_copy_that_is_trained_count_by_the_setting_they_keep() -> None:
    in_constructor = contact(made(0.1, 0.3), [trained("", lr=0.1), trained("", lr=0.3)])
    copied = contact(made(0.1, 0.3, 9.0), [trained("best", learning=0.1), trained("again", learning=0.3)])
    assert values_tried(in_constructor, RATE) == values_tried(copied, RATE) == {0.1, 0.3}


def test_a_default_that_was_trained_with_counts() -> None:
    seen = contact(
        [Construction("Softmax", (11,), {}, "c"), *made(0.2)], [trained(f"_made[{n}].instance") for n in (0, 1)]
    )
    assert values_tried(seen, RATE) == {1.0, 0.2}


def test_what_is_set_on_one_instance_or_given_to_its_training_counts_as_before() -> None:
    fits = [trained("_made[0].instance", args=(rate,), lr=rate) for rate in (0.5, 2.0)]
    seen = contact(made(1.0), fits)
    assert values_tried(seen, Knob("attribute", "lr")) == values_tried(seen, Knob("train", "rate")) == {0.5, 2.0}


def test_where_no_step_was_counted_trainings_count_all_the_same() -> None:
    seen = contact(made(0.1, 0.3), [trained(f"_made[{n}].instance", steps=0) for n in range(2)])
    assert values_tried(seen, RATE) == {0.1, 0.3}


def step(change: Numbers, gradient: Numbers) -> Watched:
    start = np.array([[0.2, -0.1], [0.3, 0.4]], np.float32)
    before, after = (VariableInfo("c.W", (2, 2), "float32", 0, send(v)) for v in (start, start + change))
    return Watched((TapeEvent(0.7, ("c.W",), (send(gradient),)),), (), (before,), (after,), None)


def test_what_is_added_to_an_update_is_no_learning_rate() -> None:
    gradient = np.array([[0.5, -0.5], [-0.2, 0.2]], np.float32)
    base = step(-0.1 * gradient, gradient)
    assert steering(base, step(-0.4 * gradient, gradient), "c.W") == "update"
    assert steering(base, step(-0.1 * (gradient + 0.3), gradient), "c.W") is None


def test_a_learning_rate_is_no_decay_where_the_penalty_outweighs_the_rest() -> None:
    start = np.array([[0.2, -0.1], [0.3, 0.4]], np.float32)
    gradient = 200 * start + np.array([[0.1, -0.1], [-0.2, 0.2]], np.float32)
    base = step(-0.1 * gradient, gradient)
    assert steering(base, step(-0.37 * gradient, gradient), "c.W") == "update"
    assert steering(base, step(-0.1 * gradient - 0.37 * start, gradient), "c.W") == "decay"
