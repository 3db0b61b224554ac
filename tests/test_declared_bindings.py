"""Which variable of a notebook is which of the model answer's: by shapes in any layout, and by gradients."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.bindings import Binding, Solver, bindings
from grader.judging.declared.cuts import Piece, Placed
from grader.judging.declared.identified import identified
from grader.sandbox.guest.wire import VariableInfo

# A gated unit: 13 words, word vectors of 8 numbers, a state of 24, two classes. Letters are V, e, d, C.
GATED = {
    "c.E": (13, 8),
    "c.W_z": (32, 24),
    "c.W_r": (32, 24),
    "c.W_h": (32, 24),
    "c.b_z": (24,),
    "c.b_r": (24,),
    "c.b_h": (24,),
    "c.W_cl": (24, 2),
    "c.b_cl": (2,),
}
TASK = (13, 2)
DENSE = {"c.W1": (64, 32), "c.b1": (32,), "c.W2": (32, 10), "c.b2": (10,)}


def variables(**shapes: tuple[int, ...]) -> list[VariableInfo]:
    return [VariableInfo(f"c.{name}", shape, "float32") for name, shape in shapes.items()]


def first(roles: Mapping[str, tuple[int, ...]], fixed: Sequence[int], own: list[VariableInfo]) -> Binding:
    return next(bindings(roles, fixed, own))


def drawn(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Numbers]:
    random = np.random.default_rng(3)
    return {role: random.normal(size=shape).astype(np.float32) for role, shape in shapes.items()}


def there_and_back(binding: Binding, own: list[VariableInfo]) -> None:
    """What is planted by roles is read back by roles."""
    values = drawn(binding.shapes)
    planted = binding.planted(values, own)
    back = binding.by_role({path: value for path, value in planted.items()})
    assert set(planted) == {v.path for v in own}
    for role in binding.places:
        np.testing.assert_array_equal(back[role], values[role].astype(np.float64))


@pytest.mark.parametrize(
    "own",
    [
        variables(W1=(64, 32), b1=(32,), W2=(32, 10), b2=(10,)),
        variables(W1=(64, 50), b1=(50,), W2=(50, 10), b2=(10,)),  # another width
        variables(hidden=(50, 64), h_bias=(50,), out=(10, 50), o_bias=(10,)),  # [out, in]
        variables(A=(64, 20), a=(1, 20), B=(20, 10), b=(10, 1)),  # biases as a row and as a column
    ],
)
def test_layers_are_found_in_any_size_and_either_way_round(own: list[VariableInfo]) -> None:
    binding = first(DENSE, (64, 10), own)
    assert set(binding.places) == set(DENSE)
    there_and_back(binding, own)


@pytest.mark.parametrize(
    "own",
    [
        variables(E=(13, 8), W=(32, 72), b=(72,), V=(24, 2), c=(2,)),  # gates side by side
        variables(E=(13, 8), W=(3, 32, 24), b=(3, 24), V=(24, 2), c=(2,)),  # stacked
        variables(E=(13, 8), W=(72, 32), b=(72,), V=(2, 24), c=(2,)),  # side by side, and turned
        variables(
            E=(13, 8), Wz=(8, 24), Uz=(24, 24), Wr=(8, 24), Ur=(24, 24), Wh=(8, 24), Uh=(24, 24),
            bz=(24,), br=(24,), bh=(24,), V=(24, 2), c=(2,),
        ),  # words and states apart
        variables(E=(13, 8), U=(3, 24, 8), V=(3, 24, 24), c=(3, 1, 24), O=(24, 2), o=(1, 2)),  # turned slices of cubes
        variables(E=(8, 13), W=(72, 32), b=(72, 1), V=(2, 24), c=(2, 1)),  # columns for rows, throughout
        variables(
            E=(13, 5), Wz=(21, 16), Wr=(21, 16), Wh=(21, 16), bz=(16,), br=(16,), bh=(16,), V=(16, 2), c=(2,)
        ),  # other sizes
    ],
)  # fmt: skip
def test_gates_are_found_in_one_variable_or_in_many(own: list[VariableInfo]) -> None:
    binding = first(GATED, TASK, own)
    assert set(binding.places) == set(GATED)
    there_and_back(binding, own)


# A recurrent unit by the formula: 30 words, word vectors of 8 numbers, a state of 12, three classes.
RECURRENT = {
    "c.E": (30, 8), "c.Wx": (8, 12), "c.Wh": (12, 12), "c.b": (12,), "c.V": (12, 3), "c.c": (3,)
}  # fmt: skip


@pytest.mark.parametrize(
    ("own", "below"),
    [
        (variables(E=(30, 10), W=(26, 16), b=(16,), V=(16, 3), c=(3,)), 10),  # words above the state
        (variables(E=(30, 10), W=(16, 26), b=(16, 1), V=(3, 16), c=(3, 1)), 10),  # beside it
        (variables(E=(30, 12), W=(24, 12), b=(12,), V=(12, 3), c=(3,)), 12),  # as many numbers as the state has
    ],
)
def test_two_matrices_are_found_in_one_that_joins_them(own: list[VariableInfo], below: int) -> None:
    binding = first(RECURRENT, (1, 7, 30, 3), own)
    assert set(binding.places) == set(RECURRENT) and binding.shapes["c.Wx"][0] == below
    there_and_back(binding, own)


def test_a_state_above_the_words_is_the_second_way_to_see_it() -> None:
    own = variables(E=(30, 10), W=(26, 16), b=(16,), V=(16, 3), c=(3,))
    ways = [way for way in bindings(RECURRENT, (1, 7, 30, 3), own) if way.covers(own)]
    assert {way.places["c.Wx"].pieces[0].at[0] for way in ways} == {(0, 10), (16, 26)}


def test_a_bias_is_found_as_the_last_row_of_its_matrix() -> None:
    own = variables(W1=(65, 20), W2=(21, 10))
    binding = first(DENSE, (64, 10), own)
    assert set(binding.places) == set(DENSE)
    there_and_back(binding, own)


def test_a_bias_that_is_not_there_is_no_column_of_the_matrix_beside_it() -> None:
    roles = {"c.W0": (7, 5), "c.b0": (5,), "c.W1": (5, 3), "c.b1": (3,), "c.W2": (3, 2), "c.b2": (2,)}
    own = variables(one=(7, 5), two=(5, 3), three=(3, 2), bias=(2,))
    assert set(first(roles, (1, 7, 2), own).places) == {"c.W0", "c.W1", "c.W2", "c.b2"}


def test_a_matrix_that_is_not_there_is_no_part_of_another() -> None:
    """[12, 3] holds four matrices [3, 3], which a state of 3 numbers would need."""
    own = variables(E=(30, 8), Wx=(8, 12), b=(12,), V=(12, 3), c=(3,))
    assert set(first(RECURRENT, (1, 7, 30, 3), own).places) == set(RECURRENT) - {"c.Wh"}


def test_a_number_of_rows_stays_the_sum_that_it_was() -> None:
    wrong = variables(E=(13, 5), Wz=(22, 16), Wr=(22, 16), Wh=(22, 16), bz=(16,), br=(16,), bh=(16,), V=(16, 2), c=(2,))
    assert list(bindings(GATED, TASK, wrong)) == []


def test_a_bias_that_is_not_there_is_the_one_left_out() -> None:
    own = variables(W1=(64, 32), W2=(32, 10), b2=(10,))
    assert set(first(DENSE, (64, 10), own).places) == {"c.W1", "c.W2", "c.b2"}


def test_names_decide_where_shapes_leave_a_choice() -> None:
    own = variables(
        E=(13, 8), W_h=(32, 24), W_r=(32, 24), W_z=(32, 24), b_h=(24,), b_z=(24,), b_r=(24,), W_cl=(24, 2), b_cl=(2,)
    )
    binding = first(GATED, TASK, own)
    assert all(binding.places[role].pieces[0].path == role for role in GATED)


def test_gradients_tell_which_is_which_and_which_part_stands_first() -> None:
    """The notebook calls its reset gate W_z, and joins state and word the other way round in the candidate."""
    own = variables(**{role.removeprefix("c."): shape for role, shape in GATED.items()})
    solver = Solver(GATED, frozenset(TASK))
    binding = first(GATED, TASK, own)
    expected = {role: value.astype(np.float64) for role, value in drawn(GATED).items()}
    seen = dict(expected)
    seen["c.W_z"], seen["c.W_r"] = expected["c.W_r"], expected["c.W_z"]
    seen["c.W_h"] = np.concatenate([expected["c.W_h"][8:], expected["c.W_h"][:8]])
    values = {role: np.ones(shape, np.float32) for role, shape in GATED.items()}
    found = identified(binding, solver, values, seen, expected)
    assert found.places["c.W_z"].pieces[0].path == "c.W_r"
    assert found.places["c.W_r"].pieces[0].path == "c.W_z"
    assert found.places["c.b_z"].pieces[0].path == "c.b_z"
    for role, value in found.by_role(seen).items():
        np.testing.assert_array_equal(value, expected[role])


PLAIN = {"c.E": (13, 8), "c.W_rnn": (32, 24), "c.b_rnn": (24,), "c.W_cl": (24, 2), "c.b_cl": (2,)}
TOPPED = PLAIN | {"c.W_mlp": (24, 16), "c.b_mlp": (16,), "c.W_cl": (16, 2)}


def test_a_square_matrix_may_be_turned() -> None:
    own = variables(E=(13, 8), Wx=(24, 8), Wh=(24, 24), b=(24,), Wy=(2, 24), by=(2,))
    ways = list(bindings(PLAIN, TASK, own))
    turned = [[piece.turned for piece in way.places["c.W_rnn"].pieces] for way in ways]
    assert turned[0] == [True, False] and [True, True] in turned
    there_and_back(ways[0], own)
    there_and_back(ways[turned.index([True, True])], own)


def test_no_way_to_see_the_variables_is_told_twice() -> None:
    own = variables(E=(13, 8), W_rnn=(32, 24), b_rnn=(24,), W_cl=(24, 2), b_cl=(2,))
    assert len(list(bindings(PLAIN, TASK, own))) == 1


def test_gradients_tell_the_part_of_one_matrix_from_another_matrix_of_its_shape() -> None:
    """A layer on top may be as wide as the state: W1 [24, 24] then looks like a part of W_rnn."""
    own = variables(E=(13, 8), Wx=(8, 24), W1=(24, 24), Wh=(24, 24), b=(24,), b1=(24,), O=(24, 2), o=(2,))
    binding = first(TOPPED, TASK, own)
    solver = Solver(TOPPED, frozenset(TASK))
    expected = drawn(binding.shapes)
    true = Binding(
        binding.places
        | {
            "c.W_rnn": Placed((whole("Wx", 8), whole("Wh", 24)), ((0, 8), (8, 32))),
            "c.W_mlp": Placed((whole("W1", 24),)),
            "c.b_rnn": Placed((Piece("c.b", (24,), (None,)),)),
            "c.b_mlp": Placed((Piece("c.b1", (24,), (None,)),)),
        },
        binding.letters,
        binding.shapes,
    )
    gradients = true.planted(expected, own)
    values = {role: np.ones(shape, np.float32) for role, shape in binding.shapes.items()}
    found = identified(binding, solver, values, gradients, expected)
    assert {role: [p.path for p in place.pieces] for role, place in found.places.items()} == {
        role: [p.path for p in place.pieces] for role, place in true.places.items()
    }


def whole(name: str, rows: int) -> Piece:
    return Piece(f"c.{name}", (rows, 24), (None, None))


KERNEL = {"K": (5, 3, 8), "k": (8,), "V": (8, 4), "v": (4,)}


@pytest.mark.parametrize(
    "own",
    [
        variables(kernel=(5, 3, 12), b=(12,), W=(12, 4), c=(4,)),
        variables(kernel=(15, 12), b=(12,), W=(12, 4), c=(4,)),
        [*(VariableInfo(f"c.Ks[{u}]", (3, 12), "float32") for u in range(5)), *variables(b=(12,), W=(12, 4), c=(4,))],
    ],
    ids=["as it is", "a matrix", "a list"],
)
def test_a_kernel_is_found_as_a_matrix_and_as_a_list_of_matrices(own: list[VariableInfo]) -> None:
    way = first(KERNEL, (1, 20, 3, 60, 4), own)
    assert set(way.places) == set(KERNEL) and way.shapes["K"] == (5, 3, 12)
    there_and_back(way, own)


def test_vectors_in_a_list_are_the_columns_of_a_matrix_and_numbers_a_vector() -> None:
    roles = {"c.G": (5, 3), "c.c": (3,), "c.W": (5, 3), "c.b": (3,)}
    gate = [VariableInfo("c.gate", (5, 3), "float32"), VariableInfo("c.gate_bias", (3,), "float32")]
    experts = [
        VariableInfo(f"c.experts[{i}].{name}", shape, "float32")
        for i in range(3)
        for name, shape in (("w", (5, 1)), ("b", (1,)))
    ]
    ways = [way for way in bindings(roles, (1, 5), [*gate, *experts]) if set(way.places) == set(roles)]
    assert ways and ways[0].paths == {v.path for v in (*gate, *experts)}
    there_and_back(ways[0], [*gate, *experts])
