"""What pages say of a notebook holds for it: remarks, shares and figures that earlier were told to the wrong people."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from test_other_layouts import contact as trained_class

from grader.judging.binding.arrangements import Arrangement, Piece
from grader.judging.binding.layers import LayerPaths
from grader.judging.instruments.dropout import Dropping, Site
from grader.judging.kinds.attention.layout import Layout, layout, names_exchanged
from grader.judging.kinds.logistic.checks import remarks_on as logistic_remarks
from grader.judging.kinds.logistic.interview import Evidence as Logistic
from grader.judging.kinds.perceptron.checks import forward, loss_gradients
from grader.judging.kinds.perceptron.checks import remarks_on as network_remarks
from grader.judging.kinds.perceptron.dropout_checks import dropout_in_training
from grader.judging.kinds.perceptron.interview import Evidence as Network
from grader.judging.kinds.recurrent.checks import four_matrices, given_penalty
from grader.judging.kinds.recurrent.interview import Evidence as Recurrent
from grader.judging.kinds.recurrent.remarks import layouts
from grader.judging.meeting.classes import WORDS
from grader.judging.meeting.contact import Contact, Recipe
from grader.model import Verdict
from grader.sandbox.guest.wire import ClassInfo, Inventory, VariableInfo

dice = np.random.default_rng(5)
SIZES = (4, 3, 3, 2)
CHAIN = tuple(LayerPaths(f"c.W{i}", f"c.b{i}", shape) for i, shape in enumerate(pairwise(SIZES)))
STEPS = {
    name: {role: dice.normal(0, 1, shape) for role, shape in (("W0", (4, 3)), ("b0", (3,)))}
    for name in ("deck", "softmax-before-loss")
}


def network(explanation: str | None, trained_by: str, *sites: Site) -> Network:
    values = {"deck": {"logits": np.zeros((2, 2))}}
    dropping = Dropping(tuple(sites), 0.0, True, 0.3, True, False, True, 0.0, 0.3, 1.0)
    return Network(
        None, CHAIN, logits=np.ones((2, 2)), values=values, explanation=explanation, gradients=STEPS[trained_by],
        steps=STEPS, dropping=dropping,
    )  # fmt: skip


def test_a_softmax_before_the_loss_is_not_praised_as_a_valid_form_beside() -> None:
    wrong, right = network("probabilities", "softmax-before-loss"), network("probabilities", "deck")
    assert loss_gradients(wrong).mistake == "softmax-before-loss"
    assert "probabilities" not in {remark.id for remark in network_remarks(wrong)}
    assert "probabilities" in {remark.id for remark in network_remarks(right)}
    assert "logits" not in forward(right).message


def test_the_same_holds_for_a_logistic_regression() -> None:
    zero = {"deck": {"W": np.ones(3), "b": np.ones(2)}, "softmax-before-loss": {"W": np.zeros(3), "b": np.ones(2)}}
    shown = {"logits": np.full((2, 2), 0.5)}
    for trained_by, praised in (("deck", True), ("softmax-before-loss", False)):
        e = Logistic(
            TRAINED, logits=shown["logits"], logits_answers={"probabilities": shown}, zero=zero[trained_by],
            zero_answers=zero,
        )  # fmt: skip
        assert bool(logistic_remarks(e)) is praised


def test_no_share_is_told_of_a_layer_whose_zeros_a_later_layer_hides() -> None:
    hidden, seen = Site(0.0, 1.1, varies=True), Site(0.31, 1.4, varies=True)
    told = dropout_in_training(network("other-nonlinearity/sigmoid", "deck", hidden, seen))
    assert "0%" not in told.message + told.seen and "could not be measured" in told.message
    assert "layer 2: 31% of the units dropped" in told.message
    never = dropout_in_training(network("other-nonlinearity/sigmoid", "deck", Site(0.0, 1.0), seen))
    assert "layer 1: 0% of the units dropped" in never.message


def test_randomness_that_cannot_be_followed_to_any_layer_is_left_open() -> None:
    hidden = Site(0.0, 1.1, varies=True)
    assert dropout_in_training(network(None, "deck", hidden, hidden)).verdict is Verdict.UNSURE
    still = Site(0.0, 1.1)
    assert dropout_in_training(network(None, "deck", still, still)).mistake == "dropout-never-on"


HALVES = Arrangement((), {"c.W_in c.W_state": (Piece("c.W_in"), Piece("c.W_state"))})
TRAINED = trained_class(True, None)
WEIGHTS = {"W_rnn": dice.normal(0, 1, (5, 3)), "W_cl": dice.normal(0, 1, (3, 2))}


def contact(*variables: VariableInfo) -> Contact:
    nothing = Inventory((), (), {}, (), {}, (), ())
    info = ClassInfo("Net", 3, {}, ("train",), ())
    return Contact(
        WORDS, info, Recipe("Net", (), {}, ()), "train", (), {}, None, {}, variables, None, 4, 9, 5, nothing
    )  # fmt: skip


def recurrent(reached: Mapping[str, slice], gates: tuple[str, ...] = ()) -> Recurrent:
    """With W_rnn cut in two; `reached`: the rows of each matrix that the penalty takes in."""
    shapes = {"c.W_in": (2, 3), "c.W_state": (3, 3), "c.W_cl": (3, 2)} | {f"c.{gate}": (5, 3) for gate in gates}
    penalty = {}
    for role, weights in (WEIGHTS | {gate: WEIGHTS["W_rnn"] for gate in gates}).items():
        gradient = np.zeros_like(weights)
        if role in reached:
            gradient[reached[role]] = 0.002 * weights[reached[role]]
        penalty[role] = (weights, gradient)
    roles = {"W_rnn": "c.W_in c.W_state", "W_cl": "c.W_cl"} | {gate: f"c.{gate}" for gate in gates}
    variables = (VariableInfo(path, shape, "float32") for path, shape in shapes.items())
    return Recurrent(contact(*variables), arrangement=HALVES, roles=roles, penalty=penalty)


def test_a_penalty_that_misses_half_of_a_matrix_cut_in_two_is_not_called_missing() -> None:
    told = given_penalty(recurrent({"W_rnn": slice(0, 2), "W_cl": slice(None)})).message
    assert "hold nothing" not in told and "`self.W_state`" in told and "self.W_in" not in told
    assert "hold nothing" in given_penalty(recurrent({})).message
    assert "`self.W_cl`" in given_penalty(recurrent({"W_rnn": slice(None)})).message
    part = given_penalty(recurrent({"W_rnn": slice(1, None), "W_cl": slice(None)})).message
    assert "a part of `self.W_in`" in part and "W_state" not in part


def test_in_lab4_too_the_half_that_no_penalty_reaches_is_named() -> None:
    whole = dict.fromkeys(("W_z", "W_r", "W_cl"), slice(None))
    told = four_matrices(recurrent({**whole, "W_rnn": slice(2, None)}, ("W_z", "W_r")))
    assert told.mistake == "new-weights-not-in-l2" and told.seen == "no penalty on `self.W_in`"


@pytest.mark.parametrize(
    "form", ["deck", "deck/he", "deck/eh-eh-eh", "deck/tanh-on-top", "deck/he-he-he-sigmoid-on-top", "deck/padded-eh"]
)
def test_one_order_of_word_and_state_throughout_is_no_news(form: str) -> None:
    assert "other-order" not in {remark.id for remark in layouts(Recurrent(None, explanation=form))}


@pytest.mark.parametrize("form", ["deck/first-he", "deck/he-eh-eh", "deck/bidirectional-backwards-he-eh"])
def test_two_orders_in_one_model_are_told(form: str) -> None:
    assert "other-order" in {remark.id for remark in layouts(Recurrent(None, explanation=form))}


def test_views_that_no_role_uses_are_no_other_cut() -> None:
    e = Recurrent(None, explanation="deck", arrangement=HALVES, roles={"W_rnn": "c.W_rnn"})
    assert "other-cut" not in {remark.id for remark in layouts(e)}


AS_TOLD = "p h z r rnn W_y W_h"


def pair_reader(*squares: str, gates: tuple[str, ...] = ("z", "r", "rnn")) -> Layout:
    shapes = {f"c.W_{gate}['{half}']": (10, 4) for gate in gates for half in "ph"}
    shapes |= {f"c.b_{gate}['{half}']": (4,) for gate in gates for half in "ph"}
    shapes |= {f"c.{square}": (4, 4) for square in squares} | {"c.w_attn": (4, 1), "c.E": (50, 6)}
    shapes |= {"c.W_combination": (8, 4), "c.b_combination": (4,), "c.W_cl": (4, 3), "c.b_cl": (3,)}
    found = layout([VariableInfo(path, shape, "float32") for path, shape in shapes.items()], 50)
    assert found is not None
    return found


def test_who_made_the_projections_in_another_order_has_no_names_exchanged() -> None:
    made_first = pair_reader("W_h_attn", "W_y_attn")
    assert not names_exchanged(made_first, "p h z r rnn W_h W_y mirrored")
    assert names_exchanged(made_first, AS_TOLD)
    assert not names_exchanged(pair_reader("W_y_attn", "W_h_attn"), AS_TOLD)
    assert not names_exchanged(pair_reader("attn_one", "attn_two"), "p h z r rnn W_h W_y")


def test_gates_and_encoders_whose_names_tell_something_else_are_exchanged() -> None:
    named = pair_reader("W_y_attn", "W_h_attn")
    assert names_exchanged(named, "p h r z rnn W_y W_h") and names_exchanged(named, "h p z r rnn W_y W_h")
    silent = pair_reader("W_y_attn", "W_h_attn", gates=("1", "2", "3"))
    assert not names_exchanged(silent, "p h r z rnn W_y W_h")
