"""The options that commands share: their flags, limits and words of help."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader.errors import UsageError
from grader.model import TrainPolicy


class Format(StrEnum):
    RICH = "rich"
    JSON = "json"


Data = Annotated[Path | None, typer.Option("--data", help="The course's data; else $GRADER_DATA, else toy data.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Makes a batch repeatable; else a secret random one.")]
Jobs = Annotated[
    int | None, typer.Option(min=1, max=64, help="Notebooks at a time; else what GPUs, or cores and memory, carry.")
]
Out = Annotated[Path, typer.Option("--out", help="Where pages, gradebook.csv and results.json go.")]
Deadline = Annotated[float | None, typer.Option(min=1, help="Seconds for each submission; else the rubric's.")]
FailUnder = Annotated[
    float | None, typer.Option(min=0, max=100, help="Exit 1 when a notebook earns less; open points are not earned.")
]
Train = Annotated[TrainPolicy, typer.Option(help="full, budget (the rubric's), none (one step).")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Run everything again, whatever the out folder keeps.")]
Plain = Annotated[bool, typer.Option("--no-accelerate", help="Train eagerly, as written, instead of as a graph.")]
Seen = Annotated[bool, typer.Option("--no-blind-test", help="Show notebooks the true labels of the test set.")]
NamePattern = Annotated[
    str | None,
    typer.Option(
        "--name-pattern",
        metavar="REGEX",
        help="Where names of folders or files tell whose they are, with the groups name and id: "
        "'(?P<id>[0-9]+)_(?P<name>[^_/]+)'.",
    ),
]
Trusting = Annotated[bool, typer.Option("--allow-unisolated", help="Grade a batch without a jail.")]


def compiled(pattern: str | None) -> re.Pattern[str] | None:
    """Raises UsageError for what is no regular expression, or names no group that could be a name."""
    if pattern is None:
        return None
    try:
        regex = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"--name-pattern {pattern!r} is no regular expression: {error}.") from error
    if not {"name", "id"} & regex.groupindex.keys():
        raise UsageError(
            f"--name-pattern {pattern!r} does not say where the name stands. Put it into a group, (?P<name>...)."
        )
    return regex
