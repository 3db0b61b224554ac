"""Weights of a model of Keras are told by their layers, in whatever order the model lists these."""

from grader.judging.declared.bindings import Binding
from grader.judging.declared.keras_weights import Weight, roles_of, ways_to_see

EMBEDDING: list[Weight] = [("embeddings", (6, 3))]
NORM: list[Weight] = [(name, (13,)) for name in ("gamma", "beta", "moving_mean", "moving_variance")]


def gated(units: int) -> list[Weight]:
    return [("kernel", (2, 3 * units)), ("recurrent_kernel", (units, 3 * units)), ("bias", (2, 3 * units))]


def dense(rows: int, columns: int) -> list[Weight]:
    return [("kernel", (rows, columns)), ("bias", (columns,))]


DECK = [*EMBEDDING, *gated(10), *NORM, *dense(13, 12), *dense(12, 1)]


def test_branches_may_be_listed_in_another_order() -> None:
    own = [*gated(10), *EMBEDDING, *NORM, *dense(13, 12), *dense(12, 1)]
    assert roles_of(own, DECK) == (1, 2, 3, 0, *range(4, 12))


def test_layers_of_one_kind_are_told_by_their_sizes() -> None:
    own = [*dense(12, 1), *dense(13, 12), *NORM, *EMBEDDING, *gated(10)]
    assert roles_of(own, DECK) == (10, 11, 8, 9, *range(4, 8), 0, 1, 2, 3)


def test_in_sizes_of_ones_own_they_are_told_as_well() -> None:
    own = [*dense(20, 1), *EMBEDDING, *gated(16), *dense(19, 20)]
    assert roles_of(own, DECK) == (10, 11, 0, 1, 2, 3, 8, 9)


def test_a_layer_that_is_not_there_moves_no_other_and_one_of_its_own_has_no_role() -> None:
    own = [*EMBEDDING, *gated(10), ("table", (4, 4)), *dense(13, 12), *dense(12, 1)]
    assert roles_of(own, DECK)[-4:] == (8, 9, 10, 11)
    assert roles_of([*DECK, *dense(7, 7)], DECK)[-2:] == (None, None)


def test_as_they_are_listed_where_nothing_else_fits() -> None:
    assert roles_of(DECK, DECK) == tuple(range(12))
    assert roles_of(dense(5, 7), [*dense(5, 6), *dense(6, 7)]) == (0, 1)


FIXED = {1, 7}
GATED: list[Weight] = [("W", (7, 12)), ("b", (12,)), ("V", (7, 12)), ("c", (12,)), *dense(12, 6), *dense(6, 1)]


def seen(own: list[Weight], deck: list[Weight], fixed: set[int], *wanted: tuple[str, str]) -> bool:
    """Whether one of the ways to see the weights has these roles in these weights."""
    ways = ways_to_see(own, deck, fixed)
    return any(all(role in way.places and place == pieces(way, role) for role, place in wanted) for way in ways)


def pieces(way: Binding, role: str) -> str:
    return ", ".join(f"{piece.path} {list(piece.at)}" for piece in way.places[role].pieces)


def test_a_layer_of_ones_own_may_hold_two_of_keras() -> None:
    own = [*dense(16, 8), *dense(8, 1), *dense(7, 16), *dense(7, 16)]
    assert seen(own, GATED, FIXED, ("W 1", "kernel 5 [None, None]"), ("V 3", "kernel 7 [None, None]"))
    assert seen(own, GATED, FIXED, ("W 1", "kernel 7 [None, None]"), ("V 3", "kernel 5 [None, None]"))


def test_two_matrices_may_stand_side_by_side_in_one() -> None:
    own = [*dense(7, 18), *dense(9, 6), *dense(6, 1)]
    assert seen(own, GATED, FIXED, ("W 1", "kernel 1 [None, (0, 9)]"), ("V 3", "kernel 1 [None, (9, 18)]"))


def test_what_is_joined_may_be_joined_in_the_other_order() -> None:
    deck = [*dense(5, 6), *dense(4, 10), *dense(16, 3)]
    own = [*dense(5, 7), *dense(4, 20), *dense(27, 3)]
    joined = "kernel 5 [None, None]"
    turned = "kernel 5 [(20, 27), None], kernel 5 [(0, 20), None]"
    assert all(seen(own, deck, {1, 3, 4, 5}, ("kernel 5", place)) for place in (joined, turned))


def test_a_plain_weight_is_no_part_of_the_layer_before_it() -> None:
    deck = [*EMBEDDING, ("embeddings", (4, 3)), *dense(3, 2)]
    own = [*dense(3, 2), ("places", (4, 3)), *EMBEDDING]
    assert seen(
        own, deck, {1, 2, 4, 6}, ("embeddings 2", "places 3 [None, None]"), ("kernel 3", "kernel 1 [None, None]")
    )


def test_normalisations_alike_are_seen_in_both_orders() -> None:
    deck = [("gamma", (8,)), ("beta", (8,)), ("gamma", (8,)), ("beta", (8,))]
    for place in ("gamma 1 [None]", "gamma 3 [None]"):
        assert seen(deck, deck, set(), ("gamma 1", place))
