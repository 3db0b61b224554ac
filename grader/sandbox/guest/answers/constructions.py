"""Which instances the notebook made, with which arguments, kept so that a question can make another one like them."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from ..wire import Array, Construction, Listing, Mapping, Opaque, Ref, Value
from . import own_code
from .values import DEPTH_LIMIT, encode, number_of, opaque

SLOT = "_made"  # no name that the survey reports begins like this
KEPT = 500  # so that a sweep cannot fill the memory


class Made(NamedTuple):
    shown: Construction
    instance: Any
    given: tuple[Any, ...]
    named: dict[str, Any]

    @property
    def args(self) -> tuple[Any, ...]:
        return tuple(map(fresh, self.given))

    @property
    def kwargs(self) -> dict[str, Any]:
        return {name: fresh(value) for name, value in self.named.items()}


CONSTRUCTIONS: list[Made] = []
_begun: set[int] = set()  # ids of instances whose constructor runs at the moment


def remembered(init: Callable[..., None]) -> Callable[..., None]:
    """Notes the outermost constructor of an instance, its class's own or inherited."""

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if id(self) in _begun or len(CONSTRUCTIONS) >= KEPT:
            return init(self, *args, **kwargs)
        _begun.add(id(self))
        try:
            init(self, *args, **kwargs)
        finally:
            _begun.discard(id(self))
        note(self, args, kwargs)
        return None

    # Keras reads the names of a layer's arguments off its __init__, without following wrappers.
    __init__.__signature__ = inspect.signature(init)  # type: ignore[attr-defined]
    return __init__


def note(instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    here = f"{SLOT}[{len(CONSTRUCTIONS)}]"
    shown = Construction(
        type(instance).__name__,
        tuple(again(value, f"{here}.args[{i}]") for i, value in enumerate(args)),
        {name: again(value, f"{here}.kwargs[{name!r}]") for name, value in kwargs.items()},
        "",
    )
    CONSTRUCTIONS.append(Made(shown, instance, args, kwargs))


def again(thing: Any, path: str) -> Value:
    """A wire value of an argument, or where to find it; examples stay out, since a question brings its own."""
    if settings := plain_values(thing):
        return Mapping(settings, path)
    value = small(thing)
    return value if is_complete(value) or are_examples(thing) else Ref(path)


def plain_values(thing: Any) -> dict[str, Value]:
    """What an object of the notebook's own holds, such as a dataclass; nothing where some of it is no plain value."""
    if not own_code.is_part(thing):
        return {}
    held = thing._asdict() if hasattr(thing, "_asdict") else getattr(thing, "__dict__", {})
    values = {name: value if (number := number_of(value)) is None else number for name, value in held.items()}
    is_plain = all(type(value) in (bool, int, float, str, type(None)) for value in values.values())
    return {name: small(value) for name, value in values.items()} if is_plain and len(values) <= 50 else {}


def is_complete(value: Value) -> bool:
    if isinstance(value, Listing):
        return all(map(is_complete, value.items))
    if isinstance(value, Mapping):
        return all(map(is_complete, value.items.values()))
    return not isinstance(value, Opaque)


def are_examples(thing: Any) -> bool:
    return isinstance(thing, (list, tuple)) and len(thing) > 0 and isinstance(thing[0], dict)


def small(thing: Any, depth: int = 0) -> Value:
    """A wire value of an argument; data sets and other large things only as Opaque."""
    number = number_of(thing)
    if number is not None:
        return number
    if isinstance(thing, (list, tuple, dict)) and len(thing) > 50:
        return opaque(thing)
    if type(thing) in (list, tuple) and depth < DEPTH_LIMIT:
        return Listing(tuple(small(item, depth + 1) for item in thing), type(thing).__name__)
    value = encode(thing)
    large = isinstance(value, Array) and len(value.data) > 1000
    return opaque(thing) if large else value


def fresh(thing: Any) -> Any:
    """An optimizer counts its steps and keeps momentums; each instance of ours begins with a new one."""
    if not hasattr(thing, "apply_gradients"):
        return thing
    try:
        return type(thing).from_config(thing.get_config())
    except Exception:  # an optimizer of the student's own
        return thing
