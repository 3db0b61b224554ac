"""Syntax trees of Python text, made by one thread at a time.

All threads of a process share the count by which Python notices how deep it stands in the making of a tree: where the
garbage collector calls code in the midst of one and another thread gets its turn there, `ast.parse` ends in a
SystemError (python/cpython#106905, seen with 3.11.7). So nothing else calls it, or `ast.literal_eval` with a text.
"""

import ast
import warnings
from threading import RLock
from typing import Any

_IN_TURN = RLock()


def parsed(source: str) -> ast.Module:
    """Raises SyntaxError, ValueError, RecursionError or MemoryError where the text is no Python that could be read."""
    with _IN_TURN, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a student's invalid escape is no news here
        return ast.parse(source)


def parsed_or_none(source: str) -> ast.Module | None:
    try:
        return parsed(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def literal(source: str) -> Any:
    """What a literal is worth: "'rate'" is a text. Raises as `parsed`, and ValueError where it is none."""
    with _IN_TURN:
        return ast.literal_eval(source)
