"""Which executor the command line names: notebooks are graded on this machine, or on the nodes of a cluster."""

from collections.abc import Callable, Sequence

from grader.batch.shared import Batch
from grader.commands.options import Executor
from grader.commands.progress import Grading, here
from grader.model import Submission


def where(
    named: Executor, submissions: Sequence[Submission], batch: Batch, jobs: int | None, say: Callable[[str], None]
) -> Grading:
    """Raises UsageError before anything is written where it cannot be had."""
    if named is Executor.LOCAL:
        return here
    from grader.cluster.on_ray import joined  # noqa: PLC0415 - Ray is slow to load

    return joined(submissions, batch, jobs, say)
