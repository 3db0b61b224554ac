"""What the notebook left behind: classes, functions, plain globals, and every variable reachable from an object."""

import inspect
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

from ..colab.cells import cell_of
from ..trainings import training
from ..wire import Array, ClassInfo, Construction, FunctionInfo, Inventory, ParameterInfo, VariableInfo, VariableList
from . import own_code, written
from .constructions import CONSTRUCTIONS
from .values import encode_array, is_variable, kind_of_array

DEPTH = 5
MOST = 2000
# How Keras keeps the graph of a functional network: ways from each layer to all others, which it lists besides.
GRAPH = re.compile(
    r"_((in|out)bound_nodes|nodes(_by_depth)?|operations(_by_depth)?|(in|out)puts_struct|keras_history|functional)$"
)


def class_named(name: str) -> Any:
    """The last definition of a class; a class made by other means than a class statement is looked up as a global."""
    if name in training.CLASSES:
        return training.CLASSES[name]
    return vars(sys.modules["__main__"])[name]


def inventory(names: dict[str, Any]) -> Inventory:
    public = {name: value for name, value in list(names.items()) if not name.startswith("_")}
    functions = [describe_function(name, value) for name, value in public.items() if is_own_function(value)]
    bound = {id(value): name for name, value in public.items()}
    constructions = [
        Construction(made.shown.cls, made.shown.args, made.shown.kwargs, bound.get(id(made.instance), ""))
        for made in CONSTRUCTIONS
    ]
    return Inventory(
        classes=tuple(describe_class(cls) for cls in training.CLASSES.values()),
        functions=tuple(functions[:MOST]),
        scalars={
            name: value for name, value in public.items() if type(value) in (bool, int, float) and abs(value) < 2**62
        },
        data_sets=tuple(name for name, value in public.items() if is_data_set(value)),
        arrays={name: shape for name, value in public.items() if (shape := shape_of_data(value))},
        constructions=tuple(constructions),
        trainings=tuple(training.TRAININGS),
    )


def is_data_set(value: Any) -> bool:
    """A list of examples as the notebooks' loaders make them."""
    examples = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
    return examples and ("label" in value[0] or "index_sequence" in value[0])


def shape_of_data(value: Any) -> tuple[int, ...] | None:
    """Of inputs or labels stacked into one array."""
    if kind_of_array(value) not in ("numpy", "tensor") or not 1 <= len(value.shape) <= 4:
        return None
    return tuple(int(n) for n in value.shape)


def is_own_function(value: Any) -> bool:
    """A def, a lambda, one of these wrapped by tf.function, functools.partial, np.vectorize or the like, or an object
    that stands for a function."""
    if isinstance(value, types.FunctionType):
        return own_code.is_own(value.__module__)
    if written.call_of(value) is not None:
        return not reachable(value, "")  # what has weights is a model
    return type(value).__name__ in (
        "PolymorphicFunction",
        "Function",
        "partial",
        "vectorize",
        "_lru_cache_wrapper",
        "method",
    )


def describe_class(cls: type) -> ClassInfo:
    own = written.own_functions(cls)
    cells = [cell_of(code.co_filename) for name, f in own.items() if name in vars(cls) and (code := written.code_of(f))]
    return ClassInfo(
        name=cls.__name__,
        cell=next((cell for cell in cells if cell is not None), None),
        methods={name: parameters(f)[1:] for name, f in own.items()},
        trains=tuple(written.trainers(cls)),
        parameters=parameters(cls.__init__)[1:],  # type: ignore[misc]  # of whichever class it is
    )


def describe_function(name: str, function: Any) -> FunctionInfo:
    code = written.code_of(written.call_of(function) or function)
    return FunctionInfo(name, cell_of(code.co_filename) if code else None, parameters(function))


def parameters(function: Any) -> tuple[ParameterInfo, ...]:
    try:
        signature = inspect.signature(getattr(function, "python_function", function))
    except (TypeError, ValueError):
        return ()
    return tuple(
        ParameterInfo(
            p.name,
            p.default is p.empty,
            p.default if type(p.default) in (bool, int, float, str) else None,
            p.kind is p.KEYWORD_ONLY,
        )
        for p in signature.parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    )


def variables(owner: Any, path: str, values: bool, scalars: bool = False) -> VariableList:
    """Its weights: floats along at least one axis. A counter, a rate or a best accuracy is none and stays as it is.

    With `scalars` those without an axis too, among which a bias may be.
    """
    listed = getattr(owner, "trainable_variables", None)
    trained = [id(v) for v in listed] if isinstance(listed, (list, tuple)) else []
    found = [
        VariableInfo(
            where,
            tuple(int(n) for n in v.shape),
            dtype_of(v),
            trained.index(id(v)) if id(v) in trained else None,
            value_of(v) if values else None,
        )
        for where, v in reachable(owner, path)
        if (len(v.shape) > 0 or scalars) and "float" in dtype_of(v)
    ]
    return VariableList(tuple(found), written.plain_attributes(owner))


def dtype_of(variable: Any) -> str:
    return str(getattr(variable.dtype, "name", variable.dtype))


def value_of(variable: Any) -> Array | None:
    """None for a variable that is too large to send."""
    value = encode_array(variable)
    return value if isinstance(value, Array) else None


def reachable(owner: Any, path: str) -> list[tuple[str, Any]]:
    """(path, variable) for every variable below an object, each once.

    trainable_variables comes last, since it only repeats.
    """
    seen: dict[int, tuple[str, Any]] = {}
    for where, variable in walk(owner, path, DEPTH, set()):
        seen.setdefault(id(variable), (where, variable))
    return list(seen.values())


def walk(thing: Any, path: str, depth: int, visited: set[int]) -> Iterator[tuple[str, Any]]:
    if is_variable(thing):
        yield path, thing
        return
    if depth == 0 or id(thing) in visited or len(visited) > MOST:
        return
    visited.add(id(thing))
    for where, child in children(thing, path):
        yield from walk(child, where, depth - 1, visited)


def book_keeping(name: str) -> tuple[bool, bool]:
    """Lists that only repeat what has a name of its own come last, Keras' private ones among them."""
    return name in ("trainable_variables", "_trainable_variables") or name[:6] == "_self_", name[:1] == "_"


def children(thing: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, dict):
        yield from ((f"{path}[{key!r}]", value) for key, value in list(thing.items()) if isinstance(key, (str, int)))
    elif isinstance(thing, (list, tuple)):
        yield from ((f"{path}[{i}]", value) for i, value in enumerate(thing[:MOST]))
    elif hasattr(thing, "apply_gradients"):
        return  # an optimizer's own variables are none of the model's
    elif hasattr(thing, "__dict__") and not isinstance(thing, (type, types.ModuleType, types.FunctionType)):
        names = sorted(vars(thing), key=book_keeping)
        own = (name for name in names if name.isidentifier() and not GRAPH.match(name))
        yield from ((f"{path}.{name}", vars(thing)[name]) for name in own)
