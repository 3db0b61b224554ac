"""The student's own forward method as a graph while a notebook trains, where the two were shown to be equal.

Shown on the first batch: results, gradients and what the method leaves on its object are those of the eager call,
dropout silenced in both (graph and eager masks differ). A method that changes anything else, draws random numbers
outside TensorFlow or prints stays as it is, and so does one whose graph cannot be built.
"""

import contextlib
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import variable_accessed

from .. import notes
from ..answers import tape, written
from .dependence import ITEMS, Fingerprint, are_data, is_input, kind_of, reached, state
from .equality import NotEqual, dice_state, floats, insist_on_equal, leaves, lengths, measured, remembered, silent

GRAPHS = 4  # of one method; more means that something differs at each step
ABSENT = object()


class Graph(NamedTuple):
    call: "Traced"  # tensors -> (result, what is left on the owner)
    held: tuple[Any, ...]  # what the key names by id, so that no other object gets that id


_kept: list["Forward"] = []


@contextlib.contextmanager
def accelerated(function: Any, owner: Any, wanted: bool) -> Iterator[None]:
    """While `function` trains, the owner's methods that it calls run as graphs once they are proven."""
    if not wanted:
        yield
        return
    code = written.code_of(function)
    used = written.names_used(code) if code else set()
    training_methods = written.trainers(type(owner))
    methods = {
        name: plain
        for name, plain in written.own_functions(type(owner)).items()
        if name in used and name not in training_methods and isinstance(plain, types.FunctionType)
    }
    shadows = {forward.name: forward.method for forward in forwards(owner, methods)}
    own = getattr(owner, "__dict__", {})
    own.update({name: shadow for name, shadow in shadows.items() if name not in own})
    try:
        yield
    finally:
        for name, shadow in shadows.items():
            if own.get(name) is shadow:
                del own[name]


def forwards(owner: Any, methods: dict[str, types.FunctionType]) -> list["Forward"]:
    """Those of its last training, if it was the last to train: a notebook may call for each epoch, or each step."""
    if not (_kept and _kept[0].owner is owner):
        _kept.clear()
    known = {forward.name: forward for forward in _kept if forward.plain is methods.get(forward.name)}
    wanted = {name: plain for name, plain in methods.items() if takes_input(plain)}
    _kept[:] = [known.get(name) or Forward(owner, name, plain) for name, plain in wanted.items()]
    return list(_kept)


def takes_input(method: types.FunctionType) -> bool:
    return method.__code__.co_argcount > 1 and not method.__name__.startswith("__")


class Forward:
    """A method of one object: eager until it is proven, then a graph for each kind of input it was proven for."""

    __slots__ = ("busy", "graphs", "left", "method", "name", "off", "owner", "plain", "reads")

    def __init__(self, owner: Any, name: str, plain: types.FunctionType) -> None:
        self.owner, self.name, self.plain = owner, name, plain
        self.graphs: dict[Any, Graph] = {}
        self.left: set[str] = set()  # names of what it leaves on its object
        self.off = self.busy = False
        self.method = types.MethodType(self.as_function(), owner)
        self.reads = reached(plain, type(owner))
        if "print" in self.reads:
            self.off = True

    def as_function(self) -> Callable[..., Any]:
        """What a method is made of: notebooks hand them to tf.function, and copies of the owner call them."""

        @functools.wraps(self.plain)
        def method(own: Any, *args: Any, **kwargs: Any) -> Any:
            return self(*args, **kwargs) if own is self.owner else self.plain(own, *args, **kwargs)

        return method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.off or self.busy or not tf.executing_eagerly() or tape.calls_are_followed():
            return self.plain(self.owner, *args, **kwargs)
        key, _ = self.key(args, kwargs)
        if key not in self.graphs:
            if key is None or not tape.tape_is_open():
                return self.plain(self.owner, *args, **kwargs)
            return self.first(args, kwargs)
        result, left = self.graphs[key].call(*tensors(args, kwargs))
        vars(self.owner).update(left)
        return result

    def first(self, args: Any, kwargs: Any) -> Any:
        self.busy = True
        undo = remembered(self.owner)
        graph = None
        try:
            if len(self.graphs) >= GRAPHS:
                raise NotEqual("it is called in many different ways")
            graph = self.proven(args, kwargs)
        except Exception:  # a graph that cannot be built is no fault: the method runs as it was written
            self.off = True
            self.graphs.clear()
        finally:
            undo()
            self.busy = False
        if graph is not None:
            self.left |= set(graph.left)
            key, held = self.key(args, kwargs)  # anew, without what is left behind
            self.graphs[key] = Graph(graph, held)
            notes.change(
                f"`{self.name}` ran as a TensorFlow graph while training, which is faster; on your own first batch "
                "its results and gradients are those of your code."
            )
        return self.plain(self.owner, *args, **kwargs)

    def key(self, args: Any, kwargs: Any) -> tuple[Any, tuple[Any, ...]]:
        """What a graph depends on: the inputs' kinds, and every attribute and global that the method reads."""
        if any(map(are_data, (*args, *kwargs.values()))):
            return None, ()
        inputs = [kind_of(leaf) for leaf in leaves((args, kwargs))]
        if None in inputs or len(inputs) > ITEMS or not any(map(is_input, leaves((args, kwargs)))):
            return None, ()
        fingerprint = Fingerprint(self.owner)
        seen = self.seen(fingerprint, self.left)
        return (tuple(inputs), tuple(sorted(kwargs)), seen), tuple(fingerprint.held)

    def seen(self, fingerprint: Fingerprint, left: set[str]) -> Any:
        found = state(self.owner, self.reads, left | {self.name})
        return tuple((name, fingerprint.of(value)) for name, value in sorted(found.items()))

    def proven(self, args: Any, kwargs: Any) -> "Traced":
        """The graph of the method; raises NotEqual where it differs from what the method does eagerly."""
        owner, dice, sizes = self.owner, dice_state(), lengths(self.owner)
        before, fingerprint = dict(vars(owner)), Fingerprint(owner)
        seen = dict(self.seen(fingerprint, set()))

        def eager() -> Any:
            result = self.plain(owner, *args, **kwargs)
            return result, {n: v for n, v in vars(owner).items() if v is not before.get(n, ABSENT)}

        with silent() as dropped:
            expected, slopes = measured(eager, owner)
            left = expected[1]
            if dice != dice_state() or any(lengths(owner).get(n) != size for n, size in sizes.items() if n not in left):
                raise NotEqual("it changes lists or draws random numbers of Python or NumPy")
            if any(seen.get(name) != mark for name, mark in self.seen(fingerprint, set(left))):
                raise NotEqual("it changes other objects than its own")
            graph = Traced(self, sorted(left), args, kwargs)
            found, again = measured(lambda: graph(*tensors(args, kwargs)), owner)
            insist_on_equal(expected, found)
            insist_on_equal(slopes, again)
        return Traced(self, sorted(left), args, kwargs) if dropped else graph


class Traced:
    """Graphs of a method and of its gradient, over the tensors among the arguments; all else is written into them.

    The gradient's graph computes the forward pass again. That is cheap; handing each of its hundreds of intermediate
    results from one graph to the other, as TensorFlow does by itself, is not. Where a pass draws random numbers it
    cannot be computed again, and TensorFlow's own way is taken.
    """

    __slots__ = ("call", "left", "slopes", "sources")

    def __init__(self, forward: Forward, left: list[str], args: Any, kwargs: Any) -> None:
        self.left = left
        body = body_of(forward, left, args, kwargs)
        specs = [tf.TensorSpec(t.shape, t.dtype) for t in tensors(args, kwargs)]
        run = tf.function(body, autograph=False).get_concrete_function(*specs)
        self.sources = list(run.graph.trainable_variables)

        def gradient(given: Any, upstream: Any) -> Any:
            inner = tf.GradientTape()
            with inner:
                inner.watch(floats(given))
                result = floats(body(*given))
            return tape.plain_gradient(inner, result, [*floats(given), *self.sources], output_gradients=upstream)

        outputs = [tf.TensorSpec(t.shape, t.dtype) for t in floats(run.structured_outputs)]
        self.slopes = tf.function(gradient, autograph=False).get_concrete_function(specs, outputs)
        self.call = run if draws_random_numbers(run.graph) else self.with_gradient(run)

    def with_gradient(self, run: Any) -> Callable[..., Any]:
        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def call(*given: Any) -> Any:
            for variable in self.sources:
                variable_accessed(variable)  # tells custom_gradient which variables the unheard run depends on
            with tape.unheard():
                result = run(*given)

            def gradient(*upstream: Any, variables: Any = None) -> Any:
                used = [slope for t, slope in zip(leaves(result), upstream, strict=True) if t.dtype.is_floating]
                found = self.slopes(list(given), used)
                moving = len(found) - len(self.sources)
                of_inputs = iter(found[:moving])
                by_variable = dict(zip([v.ref() for v in self.sources], found[moving:], strict=True))
                return (
                    [next(of_inputs) if t.dtype.is_floating else None for t in given],
                    [by_variable.get(v.ref()) for v in variables or ()],
                )

            return result, gradient

        return call  # type: ignore[no-any-return]

    def __call__(self, *given: Any) -> Any:
        return self.call(*given)


def body_of(forward: Forward, left: list[str], args: Any, kwargs: Any) -> Callable[..., Any]:
    owner, plain = forward.owner, forward.plain
    flat = leaves((args, kwargs))
    places = [i for i, leaf in enumerate(flat) if is_input(leaf)]

    def body(*given: Any) -> Any:
        filled = list(flat)
        for place, tensor in zip(places, given, strict=True):
            filled[place] = tensor
        again, named = tf.nest.pack_sequence_as((args, kwargs), filled)
        vars(owner).update({name: ABSENT for name in left})  # a method that reads its last result is found out
        result = plain(owner, *again, **named)
        return result, {name: vars(owner)[name] for name in left}

    return body


def draws_random_numbers(graph: Any) -> bool:
    return any("Random" in op.type or "Multinomial" in op.type or "Call" in op.type for op in graph.get_operations())


def tensors(args: Any, kwargs: Any) -> list[Any]:
    return [tf.convert_to_tensor(leaf) for leaf in leaves((args, kwargs)) if is_input(leaf)]
