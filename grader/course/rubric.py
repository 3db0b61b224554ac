"""What a rubric may say, and on which line of its file it says something else. Points are added in score.py."""

import difflib
import math
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec
import yaml
from msgspec import Struct

from grader.course.subject import Subject
from grader.errors import RubricError, UsageError
from grader.model import Level

RUBRICS = Path(__file__).parents[2] / "rubrics"

S = TypeVar("S", bound=Struct)


class Training(Struct, frozen=True, forbid_unknown_fields=True):
    """How much a notebook may train by itself under `--train budget`."""

    epochs: int
    seconds: float


class CheckRule(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    level: Level
    points: float
    title: str  # what is asked of the student
    tested: str  # how it was asked
    why: str  # why it matters
    needs: tuple[str, ...] = ()
    public: bool = True
    of: tuple[str, ...] = ()  # which parts of the subject it looks at, where that is not all of them


class MistakeRule(Struct, frozen=True, forbid_unknown_fields=True):
    check: str | tuple[str, ...]  # where it can be found
    title: str
    says: str  # what the mistake is and what it does
    hint: str  # where to look, without the line of code
    credit: float = 0.0  # share of the check's points that is kept

    @property
    def checks(self) -> tuple[str, ...]:
        return (self.check,) if isinstance(self.check, str) else self.check


class Rubric(Struct, frozen=True, forbid_unknown_fields=True):
    lab: str
    title: str
    deadline: float  # seconds for the submission
    training: Training
    checks: tuple[CheckRule, ...]
    mistakes: dict[str, MistakeRule]
    gpu_memory: float = 4.0  # GB that a notebook gets of a GPU it shares; one that needs more is run again alone
    subject: Subject | None = None  # what the declared judge asks; None where the lab has a judge of its own


def known_labs() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in RUBRICS.glob("*.yaml")))


def load_rubric(lab: str, folder: Path | None = None) -> Rubric:
    """Raises UsageError for a lab without a rubric, RubricError (file:line: what) for one that does not hold."""
    folder = folder or RUBRICS
    path = folder / f"{lab}.yaml"
    if not path.is_file():
        known = tuple(sorted(found.stem for found in folder.glob("*.yaml")))
        raise UsageError(f"no rubric for {lab!r}{meant(lab, known, '.')} There are: {', '.join(known) or 'none'}.")
    page = _Page(path)
    rubric = _decoded(lab, page)
    _insist(rubric, page)
    return rubric


def meant(word: str, known: Iterable[str], end: str = "") -> str:
    """`; did you mean 'points'?`, or `end` when nothing comes near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {str(near[0])!r}?" if near else end


class _Loader(yaml.SafeLoader):
    """YAML takes the last of two equal keys in silence; here that is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"duplicate key {key.value!r}", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


class _Page:
    """A YAML file that still knows on which line everything stands."""

    def __init__(self, path: Path) -> None:
        self.name = f"{path.parent.name}/{path.name}"
        try:
            loader = _Loader(path.read_text(encoding="utf-8"))
            self.root = loader.get_single_node()
            self.data: Any = loader.construct_document(self.root) if self.root else None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise RubricError(f"{self.name}:{mark.line + 1 if mark else 1}: {error.problem or error.context}") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise RubricError(f"{self.name}:1: not a YAML text in UTF-8 ({error})") from None

    def line(self, *place: str | int) -> int:
        """Of the deepest part of `place` that there is; a key's own line rather than its value's."""
        node, line = self.root, 1
        for part in place:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line

    def wrong(self, sentence: str, *place: str | int) -> NoReturn:
        raise RubricError(f"{self.name}:{self.line(*place)}: {sentence}")


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


class _Head(Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    deadline: float
    training: Any
    checks: list[Any]
    mistakes: dict[str, Any] = {}
    gpu_memory: float = 4.0
    subject: Any = None


def _decoded(lab: str, page: _Page) -> Rubric:
    head = _convert(page.data, _Head, page)
    training = _convert(head.training, Training, page, "training")
    checks = tuple(_convert(item, CheckRule, page, "checks", i) for i, item in enumerate(head.checks))
    mistakes = {slug: _convert(item, MistakeRule, page, "mistakes", slug) for slug, item in head.mistakes.items()}
    subject = _convert(head.subject, Subject, page, "subject") if head.subject is not None else None
    return Rubric(lab, head.title, head.deadline, training, checks, mistakes, head.gpu_memory, subject)


def _convert(data: Any, kind: type[S], page: _Page, *place: str | int) -> S:
    fields = kind.__struct_fields__
    if isinstance(data, dict):
        for key in data:
            if key not in fields:
                page.wrong(f"unknown key {str(key)!r}{meant(str(key), fields)}", *place, key)
    try:
        return msgspec.convert(data, type=kind)
    except msgspec.ValidationError as error:
        sentence, _, where = str(error).partition(" - at `$")
        field = where.strip("`").removeprefix(".").split(".")[0].split("[")[0]
        told = data.get(field) if isinstance(data, dict) else None
        if field == "level" and isinstance(told, str):
            said = f"unknown level {told!r}{meant(told, Level, '; there are ' + ', '.join(Level))}"
            page.wrong(said, *place, field)
        page.wrong(f"{field}: {sentence}" if field else sentence, *place, *([field] if field else []))


def _insist(rubric: Rubric, page: _Page) -> None:
    """What types cannot say. The first thing found is told, with its line."""
    for place, sentence in _complaints(rubric):
        page.wrong(sentence, *place)
    graph = {check.id: check.needs for check in rubric.checks}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        at = next(i for i, check in enumerate(rubric.checks) if check.id == circle[0])
        page.wrong(f"checks need each other in a circle: {' → '.join(circle)}", "checks", at, "needs")


Complaint = tuple[tuple[str | int, ...], str]


def _complaints(rubric: Rubric) -> Iterator[Complaint]:
    if not rubric.title.strip():
        yield ("title",), "title is empty; say what students know this lab as"
    yield from _number_complaints(rubric)
    if not rubric.checks:
        yield ("checks",), "there is no check; a rubric has at least one"
    known = tuple(check.id for check in rubric.checks)
    for i, check in enumerate(rubric.checks):
        yield from ((("checks", i, *place), said) for place, said in _check_complaints(check, known, known[:i]))
    for slug, mistake in rubric.mistakes.items():
        yield from ((("mistakes", slug, *place), said) for place, said in _mistake_complaints(mistake, known))


def _number_complaints(rubric: Rubric) -> Iterator[Complaint]:
    if not (math.isfinite(rubric.deadline) and rubric.deadline > 0):
        yield ("deadline",), "deadline is a number of seconds above 0"
    if rubric.training.epochs < 1:
        yield ("training", "epochs"), "epochs is at least 1, since notebooks go on with what training returns"
    if not (math.isfinite(rubric.training.seconds) and rubric.training.seconds > 0):
        yield ("training", "seconds"), "seconds is a number above 0"
    if not (math.isfinite(rubric.gpu_memory) and rubric.gpu_memory > 0):
        yield ("gpu_memory",), "gpu_memory is a number of GB above 0"


def _check_complaints(check: CheckRule, known: tuple[str, ...], above: tuple[str, ...]) -> Iterator[Complaint]:
    yield from _empty(check)
    if check.id in above:
        yield ("id",), f"there is already a check {check.id!r} above; give one of them another id"
    if not (math.isfinite(check.points) and check.points >= 0):
        yield ("points",), f"points is a number from 0 up, not {check.points:g}"
    elif round(check.points, 2) != check.points:
        yield ("points",), f"points has at most two decimals, as the gradebook has, not {check.points}"
    for i, need in enumerate(check.needs):
        if need not in known:
            yield ("needs", i), f"{check.id!r} needs an unknown check {need!r}{meant(need, known)}"


def _mistake_complaints(mistake: MistakeRule, known: tuple[str, ...]) -> Iterator[Complaint]:
    yield from _empty(mistake)
    if not 0 <= mistake.credit < 1:
        yield ("credit",), f"credit is the share of the points that is kept, from 0 to below 1, not {mistake.credit:g}"
    if not mistake.checks:
        yield ("check",), "check names no check; say where the mistake can be found"
    for check in mistake.checks:
        if check not in known:
            yield ("check",), f"unknown check {check!r}{meant(check, known)}"


def _empty(rule: CheckRule | MistakeRule) -> Iterator[Complaint]:
    for field in rule.__struct_fields__:
        value = getattr(rule, field)
        if isinstance(value, str) and not value.strip():
            yield (field,), f"{field} is empty; students read it"
