"""Sizes larger than those of a sealed file are narrowed to them; calls are read where nobody watched them."""

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.declared.bindings import Solver, bindings
from grader.judging.declared.held import held_in, holding
from grader.judging.declared.narrowed import all_narrowed
from grader.judging.meeting.contact import Recipe
from grader.judging.meeting.written_calls import with_written
from grader.model import Cell
from grader.sandbox.guest.wire import ClassInfo, Inventory, Mapping, Opaque, ParameterInfo, Ref, VariableInfo

ROLES = {"c.W0": (7, 5), "c.b0": (5,), "c.W1": (5, 3), "c.b1": (3,), "c.W2": (3, 2), "c.b2": (2,)}
FIXED = (1, 7, 2)


def variables(**shapes: tuple[int, ...]) -> list[VariableInfo]:
    return [VariableInfo(f"c.{name}", shape, "float32") for name, shape in shapes.items()]


def relu_network(x: Numbers, *layers: tuple[Numbers, Numbers]) -> Numbers:
    for W, b in layers[:-1]:
        x = np.maximum(x @ W + b, 0)
    logits: Numbers = x @ layers[-1][0] + layers[-1][1]
    return logits


def test_a_wider_network_with_zeros_in_the_rest_computes_what_the_narrow_one_does() -> None:
    own = variables(first=(7, 50), c1=(1, 50), second=(40, 50), c2=(40,), last=(40, 2), c3=(2,))
    solver, generator = Solver(ROLES, frozenset(FIXED)), np.random.default_rng(1)
    values = {role: generator.normal(size=shape).astype(np.float32) for role, shape in ROLES.items()}
    way = all_narrowed(bindings(ROLES, FIXED, own), solver, own)[0]
    put = {path.removeprefix("c."): value for path, value in way.planted(values, own).items()}
    x = generator.normal(size=(4, 7))
    wide = relu_network(x, (put["first"], put["c1"][0]), (put["second"].T, put["c2"]), (put["last"], put["c3"]))
    narrow = relu_network(x, *((values[f"c.W{i}"], values[f"c.b{i}"]) for i in range(3)))
    np.testing.assert_allclose(wide, narrow, rtol=1e-5)
    back = way.by_role({f"c.{name}": value for name, value in put.items()})
    for role, value in back.items():
        assert value is not None and np.array_equal(value, values[role])


def test_variables_that_look_alike_are_narrowed_in_every_order() -> None:
    own = variables(W0=(7, 50), one=(50,), W1=(50, 50), other=(50,), W2=(50, 2), b=(2,))
    ways = all_narrowed(bindings(ROLES, FIXED, own), Solver(ROLES, frozenset(FIXED)), own)
    assert {way.places["c.b0"].pieces[0].path for way in ways} == {"c.one", "c.other"}


def test_what_is_smaller_or_joins_two_things_is_not_narrowed() -> None:
    small = variables(W0=(7, 4), b0=(4,), W1=(4, 3), b1=(3,), W2=(3, 2), b2=(2,))
    assert not all_narrowed(bindings(ROLES, FIXED, small), Solver(ROLES, frozenset(FIXED)), small)
    recurrent = {"c.E": (13, 8), "c.W": (32, 24), "c.b": (24,), "c.V": (24, 2)}
    wide = variables(E=(13, 8), W=(40, 32), b=(32,), V=(32, 2))
    solver = Solver(recurrent, frozenset((1, 2, 13)))
    found = list(bindings(recurrent, (1, 2, 13), wide))
    assert found and not all_narrowed(found, solver, wide)


def inventory() -> Inventory:
    info = ClassInfo("Net", 1, {}, ("fit",), (ParameterInfo("dim", True), ParameterInfo("f", True)))
    return Inventory((info,), (), {"width": 1254}, ("examples",), {"X": (40, 1254)}, (), ())


def test_where_nobody_watched_objects_are_made_as_the_text_makes_them() -> None:
    cells = (
        Cell(1, "code", "def run(width):\n    return Net(width, None)\nnet = Net(width, tf.nn.relu)"),
        Cell(2, "code", "%matplotlib inline\nnet.fit(examples, X, epochs=3)\nNet(*both)"),
    )
    seen = with_written(inventory(), cells)
    assert [(c.args, c.kwargs) for c in seen.constructions] == [((1254, Ref("tf.nn.relu")), {})]
    (training,) = seen.trainings
    assert training.args == (Opaque("list"), Opaque("ndarray", (40, 1254))) and training.kwargs == {"epochs": 3}


def test_what_was_watched_is_not_read_from_the_text() -> None:
    watched = with_written(inventory(), (Cell(1, "code", "net = Net(width, abs)"),))
    assert with_written(watched, (Cell(1, "code", "net = Net(3, min)"),)).constructions == watched.constructions


def test_settings_in_an_object_are_set_in_a_copy_and_a_vocabulary_is_none() -> None:
    settings = Mapping({"dropout": 0.25, "units": 12, "name": "small"}, "config")
    recipe = Recipe("Reader", (settings,), {"words": Mapping({"rate": 2, "batch": 3})}, ("config", "words"))
    assert held_in(recipe) == {"dropout": 0.25, "units": 12}
    other = holding(recipe, {"dropout": 0.4})
    assert other.args == (Mapping({"dropout": 0.4, "units": 12, "name": "small"}, "config"),)
    assert other.kwargs == recipe.kwargs
