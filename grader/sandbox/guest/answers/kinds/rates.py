"""Rates of dropout that parts of a model keep for themselves, as a `Dropout` of the notebook's own does."""

import re
from typing import Any

from .. import own_code

RATE = re.compile(r"^p$|rate|drop|keep|prob", re.IGNORECASE)


def set_rates(model: Any, rate: float) -> None:
    """In parts of the notebook's own classes: numbers between 0 and 1 under such names; of a share kept, the rest."""
    for part in getattr(model, "__dict__", {}).values():
        if own_code.is_part(part) and hasattr(part, "__dict__"):
            held = {n: value for n, value in vars(part).items() if type(value) is float and 0 < value < 1}
            vars(part).update({n: 1 - rate if "keep" in n.lower() else rate for n in held if RATE.search(n)})
