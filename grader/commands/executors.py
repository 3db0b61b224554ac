"""Which executor the command line names: notebooks are graded on this machine, or on the nodes of a cluster."""

from collections.abc import Callable, Sequence

from rich.console import Console

from grader.batch.shared import Batch
from grader.commands.options import Executor
from grader.commands.progress import Say, graded, here
from grader.model import Report, Submission


def grading(
    named: Executor, submissions: Sequence[Submission], batch: Batch, jobs: int | None, say: Say, console: Console
) -> Callable[[Batch], list[Report]]:
    """To be called with the batch and its store. Raises UsageError, before anything is written, where it cannot be."""
    where = here
    if named is Executor.RAY:
        from grader.cluster.on_ray import joined  # noqa: PLC0415 - Ray is slow to load

        where = joined(submissions, batch, jobs, say)

    return lambda resumed: graded(submissions, resumed, jobs, say, console, where)
