"""Recurrent matrices that are cut otherwise than on the slide are seen as the slide has them."""

from collections.abc import Mapping

import numpy as np
import pytest

from grader.judging.binding.arrangements import arrangements
from grader.judging.binding.roles import assignments, parts
from grader.sandbox.guest.wire import VariableInfo

VOCABULARY, WORD, DIM = 50, 6, 4
GIVEN = {"c.E": (VOCABULARY, WORD), "c.W_cl": (DIM, 2), "c.b_cl": (2,)}
DECK = {f"c.W_{gate}": (WORD + DIM, DIM) for gate in "zrh"} | {f"c.b_{gate}": (DIM,) for gate in "zrh"}


def variables(shapes: Mapping[str, tuple[int, ...]]) -> list[VariableInfo]:
    return [VariableInfo(path, shape, "float32") for path, shape in {**GIVEN, **shapes}.items()]


CUT: dict[str, dict[str, tuple[int, ...]]] = {
    "gates side by side": {
        "c.W_g": (WORD + DIM, 2 * DIM),
        "c.b_g": (2 * DIM,),
        "c.W": (WORD + DIM, DIM),
        "c.b": (DIM,),
    },
    "words and states apart": {
        **{f"c.W_{gate}": (WORD, DIM) for gate in "zrh"},
        **{f"c.U_{gate}": (DIM, DIM) for gate in "hrz"},
        **{f"c.b_{gate}": (DIM,) for gate in "zrh"},
    },
    "both": {"c.kernel": (WORD, 3 * DIM), "c.recurrent": (DIM, 3 * DIM), "c.bias": (1, 3 * DIM)},
}


@pytest.mark.parametrize("way", CUT)
def test_three_matrices_and_biases_are_seen(way: str) -> None:
    seen = next(arrangements(variables(CUT[way]), VOCABULARY)).variables
    assert sum(v.shape == (WORD + DIM, DIM) for v in seen) == 3
    assert sum(v.shape in ((DIM,), (1, DIM)) for v in seen) == 3


def test_matrices_of_the_same_gate_are_joined() -> None:
    first = next(arrangements(variables(CUT["words and states apart"]), VOCABULARY))
    made = [[piece.path for piece in pieces] for pieces in first.views.values()]
    assert made == [[f"c.W_{gate}", f"c.U_{gate}"] for gate in "zrh"]


def test_the_values_of_a_view_are_those_of_its_pieces() -> None:
    first = next(arrangements(variables(CUT["both"]), VOCABULARY))
    values = {v.path: np.random.default_rng(0).normal(size=v.shape) for v in variables(CUT["both"])}
    seen = first.seen(values)
    made = np.concatenate([seen[v.path] for v in first.variables if v.shape == (WORD + DIM, DIM)], axis=1)
    np.testing.assert_array_equal(made, np.concatenate([values["c.kernel"], values["c.recurrent"]]))


def test_a_view_with_a_piece_without_gradient_has_none() -> None:
    first = next(arrangements(variables(CUT["words and states apart"]), VOCABULARY))
    path = next(iter(first.views))
    assert first.seen({"c.W_z": np.zeros((WORD, DIM)), "c.U_z": None})[path] is None
    assert path not in first.seen({"c.W_z": np.zeros((WORD, DIM))})


@pytest.mark.parametrize("extra", [{}, {"c.W_1": (DIM, DIM), "c.b_1": (DIM,)}, {"c.W_1": (DIM, 2 * DIM)}])
def test_what_is_as_on_the_slide_is_left_alone(extra: dict[str, tuple[int, ...]]) -> None:
    made = variables({**DECK, **extra})
    assert [list(one.variables) for one in arrangements(made, VOCABULARY)] == [made]


def test_a_matrix_and_the_bias_made_with_it_are_given_away_together_before_they_are_parted() -> None:
    found = parts(variables(DECK), VOCABULARY)
    assert found is not None
    first = list(assignments(found, ("z", "r", "rnn")))[:6]
    assert all(
        str(way[f"W_{gate}"]).replace("W", "b") == way[f"b_{gate}"] for way in first for gate in ("z", "r", "rnn")
    )


TURNED = {"c.W_cl": (2, DIM), "c.b_cl": (2, 1)}
LAYOUTS: dict[str, dict[str, tuple[int, ...]]] = {
    "columns": {f"c.W{g}": (DIM, WORD + DIM) for g in "zrh"} | {f"c.b{g}": (DIM, 1) for g in "zrh"} | TURNED,
    "words as columns too": {"c.E": (WORD, VOCABULARY), "c.W": (3 * DIM, WORD + DIM), "c.b": (3 * DIM, 1)} | TURNED,
    "one gate after another": {"c.W": (3, WORD + DIM, DIM), "c.b": (3, DIM)},
    "the same, turned": {"c.W": (3, DIM, WORD + DIM), "c.b": (3, DIM, 1)} | TURNED,
    "gates on the middle axis": {"c.W": (WORD + DIM, 3, DIM), "c.b": (3, 1, DIM)},
    "one below the other": {"c.W": (3 * (WORD + DIM), DIM), "c.b": (3 * DIM,)},
    "apart and turned": {"c.W": (3 * DIM, WORD), "c.U": (3 * DIM, DIM), "c.b": (3 * DIM,)},
    "two gates together": {"c.G": (2, WORD + DIM, DIM), "c.g": (2, DIM), "c.W": (WORD + DIM, DIM), "c.b": (DIM,)},
}


@pytest.mark.parametrize("way", LAYOUTS)
def test_some_way_to_see_any_layout_has_all_that_the_slide_has(way: str) -> None:
    assert any(
        len(seen.matrices) == len(seen.biases) == 3 and seen.readout.b and not seen.others
        for one in arrangements(variables(LAYOUTS[way]), VOCABULARY)
        if (seen := parts(one.variables, VOCABULARY)) is not None
    )


@pytest.mark.parametrize("way", LAYOUTS)
def test_what_is_planted_in_a_view_is_seen_there_and_nowhere_else(way: str) -> None:
    made = variables(LAYOUTS[way])
    values = {v.path: np.random.default_rng(1).normal(size=v.shape) for v in made}
    first = next(arrangements(made, VOCABULARY))
    for v in first.variables:
        new = np.random.default_rng(2).normal(size=v.shape)
        before, after = first.seen(values), first.seen(first.planted(values, v.path, new))
        np.testing.assert_array_equal(after[v.path], new)
        others = [other.path for other in first.variables if other is not v]
        assert all(np.array_equal(before[path], after[path]) for path in others)
