"""The options that commands share: their flags, limits and words of help."""

import inspect
import os
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from grader.errors import UsageError
from grader.model import TrainPolicy
from reference.place import VARIABLE, course_folder
from reports.languages import ENGLISH, languages, speak

Command = TypeVar("Command", bound=Callable[..., Any])


class Format(StrEnum):
    RICH = "rich"
    JSON = "json"


class Executor(StrEnum):
    """Where notebooks are graded."""

    LOCAL = "local"
    RAY = "ray"


class Form(StrEnum):
    """Who imports grades."""

    MOODLE = "moodle"
    CANVAS = "canvas"
    GRADESCOPE = "gradescope"
    JUNIT = "junit"


class Language(StrEnum):
    """Of pages, and of what students read in a terminal."""

    ENGLISH = "en"
    SPANISH = "es"
    BASQUE = "eu"


Data = Annotated[
    Path | None,
    typer.Option("--data", help="The course's data; else $GRADER_DATA, else the course's data/, else toy data."),
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Makes a batch repeatable; else a secret random one.")]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="Notebooks at a time; else as many as GPUs, or cores and memory, allow."),
]
On = Annotated[
    Executor, typer.Option("--executor", help="local: this machine; ray: a Ray cluster, see docs/scaling.md.")
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
Unequal = Annotated[
    bool,
    typer.Option(
        "--no-equal-training",
        help="Train in the notebook alone, also what is shown to train as the lab's does.",
    ),
]
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


Spoken = Annotated[
    Language | None,
    typer.Option("--lang", help="Of what students read; else the course's first, where it is of these."),
]
SPEAKING = ("grade", "regrade", "check", "ready", "explain", "report", "watch")  # commands with something for students
CourseFolder = Annotated[
    Path | None,
    typer.Option("--course", metavar="DIR", help="The folder of the course; else $GRADER_COURSE, else ours."),
]


def command_of(app: typer.Typer) -> Callable[..., Callable[[Command], Command]]:
    """As `app.command`, for commands that have --course beside their own options, and some of them --lang."""

    def named(name: str | None = None) -> Callable[[Command], Command]:
        def added(function: Command) -> Command:
            app.command(name)(for_a_course(function))
            return function

        return added

    return named


def for_a_course(function: Command) -> Callable[..., Any]:
    """From its beginning the process, and all that it starts, works for the course that was named."""

    speaks = function.__name__ in SPEAKING

    @wraps(function)
    def settled(*, course: Path | None = None, lang: Language | None = None, **options: Any) -> Any:
        if course is not None:
            os.environ[VARIABLE] = os.path.abspath(course.expanduser())
        asked_for = lang.value if lang else language_of_the_course() if speaks else ENGLISH
        speak(asked_for, course_folder())
        return function(**options)

    added = {"course": CourseFolder, **({"lang": Spoken} if speaks else {})}
    more = [inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=v) for k, v in added.items()]
    own = inspect.signature(function)
    settled.__signature__ = own.replace(parameters=[*own.parameters.values(), *more])  # type: ignore[attr-defined]
    settled.__annotations__ = {**function.__annotations__, **added}
    return settled


def language_of_the_course() -> str:
    """English where it names none of ours first, or cannot be read: the command itself then says why."""
    from grader.course.folder import current_course  # noqa: PLC0415 - `--help` loads no course

    try:
        first = current_course().sheet.languages[0]
    except UsageError:
        return ENGLISH
    return first if first in languages() else ENGLISH


def said_version(asked: bool) -> None:
    if asked:
        typer.echo(f"grader {version('grader')}")
        raise typer.Exit


def options(
    asked: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=said_version, is_eager=True)
    ] = False,
) -> None:
    """Those that stand before the command."""


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


def saying(function: Callable[..., Iterator[str]], tell: Callable[[str], None]) -> Callable[..., None]:
    """A command that yields what it says."""

    @wraps(function)
    def said(**options: Any) -> None:
        for line in function(**options):
            tell(line)

    return said
