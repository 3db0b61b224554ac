"""What an error's message may repeat of a question: sizes, but not the secret numbers the notebook was asked about."""

import re

from msgspec.structs import replace

from grader.model import Observation
from grader.sandbox.guest.wire import Trouble, Watched

REAL = re.compile(r"(?<![\w.])(\d*\.\d+(e[-+]?\d+)?|\d+\.?e[-+]?\d+)", re.IGNORECASE)
WHOLE = re.compile(r"\d+")
SIZES = 12  # whole numbers in one message; TensorFlow's longest sentences about two shapes hold about ten
LEFT_OUT = "…"


def discreet(seen: Observation) -> Observation:
    """The same answer; the errors in it, which may end up on a page, without our numbers."""
    values = {
        name: replace(value, trouble=without_numbers(value.trouble)) if isinstance(value, Watched) else value
        for name, value in seen.values.items()
    }
    return replace(seen, values=values, trouble=without_numbers(seen.trouble))


def without_numbers(trouble: Trouble | None) -> Trouble | None:
    return replace(trouble, message=sizes_only(trouble.message)) if trouble else None


def sizes_only(message: str) -> str:
    """Without real numbers (an input of ours), and with the first few whole ones (shapes)."""
    whole = REAL.sub(LEFT_OUT, message)
    count = 0

    def kept(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return found.group() if count <= SIZES else LEFT_OUT

    return WHOLE.sub(kept, whole)
