"""A cell goes on below what only here was stopped or is missing: a long training, a restart, a package, a network."""

import ast
import types
from typing import Any

from ..colab import cells, excuses, restarts
from ..config import GuestConfig
from . import pace

PASSED_OVER = (pace.TrainingOver, restarts.Restart)


def install(config: GuestConfig) -> None:
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        excuses.install(shell)
        shell.set_custom_exc((*PASSED_OVER, Exception), go_on)


def go_on(shell: Any, kind: type, error: BaseException, trace: types.TracebackType, tb_offset: Any = None) -> None:
    statement, rest = cells.stopped_at(trace)
    if isinstance(error, PASSED_OVER):
        print(error)
    elif not hasattr(error, "_render_traceback_"):  # one that shows itself as nothing, which the kernel cannot send
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    if rest.strip() and bound_to(error, statement):
        shell.run_cell(rest.rstrip("\n"))


def bound_to(error: BaseException, statement: ast.stmt | None) -> bool:
    """Whether it had to end there on this machine, whatever the notebook is like."""
    old_import = isinstance(error, ImportError) and isinstance(statement, ast.Import | ast.ImportFrom)
    return old_import or isinstance(error, PASSED_OVER) or bool(excuses.excuse_of(error))
