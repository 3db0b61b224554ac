"""Answers of notebooks that earlier runs of the tests kept."""

import warnings
from contextlib import ExitStack
from pathlib import Path

from grader.batch.store import Store, opened
from grader.errors import UsageError


def kept_answers(folder: Path, stack: ExitStack) -> Store | None:
    """None where another run of the tests is at work in the folder: then nothing is taken from it, or put there."""
    try:
        store = stack.enter_context(opened(folder))
    except UsageError as trouble:
        warnings.warn(f"{trouble} This run grades without kept answers.", stacklevel=2)
        return None
    if store.begun_anew:
        warnings.warn(store.begun_anew, stacklevel=2)
    return store
