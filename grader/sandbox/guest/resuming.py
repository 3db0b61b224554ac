"""A cell goes on below what only here was stopped or is missing: a long training, a package not installed."""

import ast
import types
from typing import Any

from . import cells, pace
from .config import GuestConfig


def install(config: GuestConfig) -> None:
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        shell.set_custom_exc((pace.TrainingOver, ImportError), go_on)


def go_on(shell: Any, kind: type, error: BaseException, trace: types.TracebackType, tb_offset: Any = None) -> None:
    statement, rest = cells.stopped_at(trace)
    if isinstance(error, pace.TrainingOver):
        print(error)
    else:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    if rest.strip() and (isinstance(error, pace.TrainingOver) or isinstance(statement, (ast.Import, ast.ImportFrom))):
        shell.run_cell(rest.rstrip("\n"))
