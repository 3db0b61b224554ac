"""A class with hundreds of variables, by mistake or by malice, keeps nobody waiting: roles are sought among a few."""

from collections.abc import Callable
from itertools import islice

import pytest

from grader.judging.binding.arrangements import arrangements
from grader.judging.binding.layers import chains
from grader.judging.binding.roles import assignments, headed, parts
from grader.judging.kinds.attention.explained import bias_orders
from grader.judging.kinds.attention.layout import Layout
from grader.judging.kinds.language_model.parts import layout
from grader.judging.kinds.word_by_word.parts import sorted_out
from grader.sandbox.guest.wire import VariableInfo

V, E, D, C, MANY = 50, 6, 4, 3, 150
GIVEN = {"c.E": (V, E), "c.out": (D, C), "c.words": (D, V)}
SHAPES = {
    "state to state": (D, D),
    "word and state": (E + D, D),
    "gates side by side": (E + D, 3 * D),
    "words alone": (E, D),
    "bias": (D,),
    "layer upon layer": (2 * D, D),
    "one matrix of a thousand gates": (E + D, 1000 * D),
}


def variables(shape: str) -> list[VariableInfo]:
    made = {**GIVEN, "c.W": (E + D, D), "c.b": (D,), "c.hidden": (D, D)}
    made |= {f"c.many[{i}]": SHAPES[shape] for i in range(MANY)}
    return [VariableInfo(path, size, "float32") for path, size in made.items()]


def recurrent(made: list[VariableInfo]) -> None:
    for way in arrangements(made, V):
        found = parts(way.variables, V)
        for one in headed(found) if found else ():
            for gates in (("rnn",), ("z", "r", "rnn")):
                assert len(list(islice(assignments(one, gates), 60))) <= 60


def feed_forward(made: list[VariableInfo]) -> None:
    assert len(chains(made, D, ())) <= 100


def sentences(made: list[VariableInfo]) -> None:
    found, pairs = layout(made, V), sorted_out(made, V, E)
    assert found is not None and len(found.matrices) <= 20
    assert pairs is not None and len(pairs.matrices) <= 40


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seek", [recurrent, feed_forward, sentences])
def test_roles_are_found_or_not_in_no_time(seek: Callable[[list[VariableInfo]], None], shape: str) -> None:
    seek(variables(shape))


def test_biases_of_an_attention_are_tried_in_a_few_orders() -> None:
    found = Layout({}, D, E, biases=tuple(f"c.b[{i}]" for i in range(MANY)))
    assert len(list(bias_orders(found, list(range(6))))) < 2000
