"""Old names of Python's own library, of NumPy and of SciPy, and what they mean today."""

import collections.abc
import functools
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from ..answers import own_code
from . import renamed

NUMPY_TYPES = {"float": float, "int": int, "object": object, "str": str, "complex": complex, "unicode": str}
NUMPY_NAMES = {
    "float_": "float64", "complex_": "complex128", "unicode_": "str_", "string_": "bytes_", "NaN": "nan", "NAN": "nan",
    "Inf": "inf", "Infinity": "inf", "infty": "inf", "PINF": "inf", "product": "prod", "cumproduct": "cumprod",
    "alltrue": "all", "sometrue": "any", "row_stack": "vstack", "in1d": "isin", "trapz": "trapezoid", "mat": "asmatrix",
    "round_": "round",
}  # fmt: skip
SCIPY_NAMES = {"trapz": "trapezoid", "simps": "simpson", "cumtrapz": "cumulative_trapezoid"}


def mend_numpy(numpy: Any) -> None:
    known: dict[str, tuple[str, Callable[[], Any]]] = {
        old: (f"Python's {kind.__name__}", functools.partial(lambda kind: kind, kind))
        for old, kind in NUMPY_TYPES.items()
    }
    known |= {old: (f"numpy.{new}", functools.partial(getattr, numpy, new)) for old, new in NUMPY_NAMES.items()}
    known["NINF"] = ("-numpy.inf", lambda: -numpy.inf)
    known["asscalar"] = ("array.item()", lambda: lambda array: array.item())
    known["msort"] = ("numpy.sort(axis=0)", lambda: functools.partial(numpy.sort, axis=0))
    renamed.names(numpy, {old: new for old, new in known.items() if old not in vars(numpy)})
    numpy.array, numpy.asarray = ragged(numpy.array), ragged(numpy.asarray)


def ragged(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Rows of different lengths became an array of objects; for the notebook's own calls they do so again."""

    @functools.wraps(plain)
    def array(*args: Any, **kwargs: Any) -> Any:
        try:
            return plain(*args, **kwargs)
        except ValueError as error:
            caller = sys._getframe(1).f_globals.get("__name__")
            if "inhomogeneous" not in str(error) or "dtype" in kwargs or len(args) > 1 or not own_code.is_own(caller):
                raise
        renamed.told("An array of rows of different lengths", "an array of objects")
        return plain(*args, dtype=object, **kwargs)

    return array


def mend_scipy(integrate: Any) -> None:
    renamed.names(integrate, {
        old: (f"scipy.integrate.{new}", functools.partial(getattr, integrate, new))
        for old, new in SCIPY_NAMES.items() if old not in vars(integrate)
    })  # fmt: skip


def mend_collections(module: Any) -> None:
    abstract = {name: getattr(collections.abc, name) for name in collections.abc.__all__}
    renamed.names(module, {
        name: (f"collections.abc.{name}", functools.partial(lambda kind: kind, kind))
        for name, kind in abstract.items() if name not in vars(module)
    })  # fmt: skip


def mend_time(module: Any) -> None:
    renamed.names(module, {"clock": ("time.process_time", lambda: time.process_time)})


def mend_random(module: Any) -> None:
    sample, shuffle = module.sample, module.shuffle

    def sample_of_any(population: Any, k: int, **kwargs: Any) -> Any:
        if isinstance(population, collections.abc.Set):
            renamed.told("random.sample() of a set", "a sample of its members as a tuple")
            population = tuple(population)
        return sample(population, k, **kwargs)

    def shuffle_by(items: Any, *source: Callable[[], float]) -> None:
        if not source:
            shuffle(items)
            return
        renamed.told("random.shuffle(x, random)", "shuffling with that function")
        for i in reversed(range(1, len(items))):
            j = int(source[0]() * (i + 1))
            items[i], items[j] = items[j], items[i]

    module.sample, module.shuffle = sample_of_any, shuffle_by


def mend_display(module: Any) -> None:
    from IPython import display  # noqa: PLC0415 - exists only inside a kernel

    gone: Iterable[str] = ("display", "clear_output", "publish_display_data", "display_html", "update_display")
    renamed.names(module, {
        name: (f"IPython.display.{name}", functools.partial(getattr, display, name))
        for name in gone if name not in vars(module)
    })  # fmt: skip


MENDS: dict[str, Callable[[Any], None]] = {
    "numpy": mend_numpy,
    "scipy.integrate": mend_scipy,
    "collections": mend_collections,
    "time": mend_time,
    "random": mend_random,
    "IPython.core.display": mend_display,
}
