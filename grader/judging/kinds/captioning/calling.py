"""Lab 6: in which order, and in which form, a decoder's step takes the last words, the features and its state."""

import re
from collections.abc import Iterator, Sequence

from grader.sandbox.guest.wire import ClassInfo, ParameterInfo

STEPS_TAKEN = ("call", "__call__", "step", "forward", "decode", "decode_step", "one_step", "paso", "urratsa")
ROLES = {  # what an argument is called, in English, Spanish or Basque; the first that fits
    "f": re.compile(r"feat|rasg|caract|img|image|imag|enc|ezaug|irud|photo|foto|visual|context", re.IGNORECASE),
    "c": re.compile(r"^c$|^c_|_c$|cell|celda|carry|memor|gelaxka", re.IGNORECASE),
    "h": re.compile(r"^h$|^h_|_h$|hid|stat|estad|egoera|ocult|ezkut|prev", re.IGNORECASE),
    "x": re.compile(r"^x$|word|palab|hitz|input|token|ids?$|seq|capt|sarrera|entrada|y_", re.IGNORECASE),
}
SWITCH = re.compile(r"train|entren|entrena", re.IGNORECASE)
EMPTY = "f[:, 0, :1] * 0 + h * 0"  # of an LSTM, [B, U]
PAIR = f"[h, {EMPTY}]"
OTHER_ORDERS = ("f, x, h", "x, h, f", "h, x, f", "f, h, x", "h, f, x")
HELD = (
    "[v for o in [d, *vars(d).values()] if hasattr(o, '__dict__') for v in list(vars(o).values())"
    " if hasattr(v, 'numpy') and 64 in tuple(v.shape) and v.shape[0] == x.shape[0]]"
)  # weights that a decoder keeps in place of returning them


def ways_to_call(info: ClassInfo) -> list[str]:
    """Expressions over d (the decoder), x, f and h, the likeliest first."""
    found = [way for name in STEPS_TAKEN if name in info.methods for way in of_method(name, info.methods[name])]
    return list(dict.fromkeys(found))


def way_by_keys(keys: Sequence[str]) -> list[str]:
    """Of a network that takes a dictionary; none where its keys do not tell what belongs there."""
    roles = [role_of(key) for key in keys]
    parts = ", ".join(f"{key!r}: {role}" for key, role in zip(keys, roles, strict=True))
    return [f"d({{{parts}}})"] if sorted(roles) == ["f", "h", "x"] else []


def of_method(name: str, parameters: tuple[ParameterInfo, ...]) -> Iterator[str]:
    function = "d" if name in ("call", "__call__") else f"d.{name}"
    required = [p for p in parameters if p.required]
    first = parameters[: max(3, len(required))]
    if len(required) == 1 and len(parameters) < 3:
        yield from (f"{function}(({order}))" for order in ("x, f, h", f"x, f, {PAIR}", *OTHER_ORDERS))
    if len(first) < 3:
        return
    given = [role_of(p.name) for p in first]
    named = given if {"x", "f", "h"} <= set(given) and len(set(given)) == len(given) else ["x", "f", "h", *given[3:]]
    for state in ("h", PAIR) if "c" not in named else ("h",):
        parts = {"h": state, "c": EMPTY, "": "False"}
        yield f"{function}({', '.join(parts.get(role, role) for role in named)})"
    if "c" not in named:  # behind a star they are taken by name only
        values = ["h" if role == "h" else parts.get(role, role) for role in named]
        by_name = [f"{p.name}={value}" for p, value in zip(first[1:], values[1:], strict=True)]
        yield f"{function}({', '.join([values[0], *by_name])})"


def role_of(name: str) -> str:
    """Empty for a switch."""
    if SWITCH.search(name):
        return ""
    return next((role for role, pattern in ROLES.items() if pattern.search(name)), f"?{name}")
