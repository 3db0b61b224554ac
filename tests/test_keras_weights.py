"""Weights of a model of Keras are told by their layers, in whatever order the model lists these."""

from grader.judging.declared.keras_weights import Weight, roles_of

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
