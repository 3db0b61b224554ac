"""An automatic grader that understands TensorFlow notebooks: load → run → ask → judge → score → report."""

from typing import Any


def check(lab: str, lang: str = "en") -> Any:
    """In a notebook: checks what you wrote for `lab` by its public checks, and changes nothing of it.

    `lang` is the language of the answer: "en", "es" or "eu".
    """
    from grader.live.check import check as checked  # noqa: PLC0415 - commands need nothing of this

    return checked(lab, lang)
