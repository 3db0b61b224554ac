"""YAML that people write: which line everything stands on, and what is said where it does not hold."""

import difflib
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import yaml
from msgspec import Struct

from grader.errors import RubricError

S = TypeVar("S", bound=Struct)
Place = tuple[str | int, ...]
Complaint = tuple[Place, str]
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def meant(word: str, known: Iterable[str], end: str = "") -> str:
    """`; did you mean 'points'?`, or `end` when nothing comes near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {str(near[0])!r}?" if near else end


class Page:
    """A YAML file that still knows on which line everything stands."""

    def __init__(self, path: Path) -> None:
        self.name = f"{path.parent.name}/{path.name}"
        try:
            self.root, self.data = loaded(path.read_text(encoding="utf-8"))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise RubricError(f"{self.name}:{mark.line + 1 if mark else 1}: {error.problem or error.context}") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise RubricError(f"{self.name}:1: not a YAML text in UTF-8 ({error})") from None
        except OSError as error:
            raise RubricError(f"{self.name}: it cannot be read ({error.strerror}). Make it readable.") from None

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

    def insist(self, complaints: Iterable[Complaint]) -> None:
        """The first is told, with its line."""
        for place, sentence in complaints:
            self.wrong(sentence, *place)

    def read(self, kind: type[S]) -> S:
        """Everything on the page; what does not fit is told with its line."""
        return _converted(self.data, kind, self, ())


def loaded(text: str) -> tuple[yaml.Node | None, Any]:
    """By libyaml where it is there, ten times as fast; what is wrong is told in the words of the other one."""
    try:
        return _whole(_QuickLoader(text))
    except yaml.YAMLError:
        return _whole(_Loader(text))


def _whole(loader: Any) -> tuple[yaml.Node | None, Any]:
    root = loader.get_single_node()
    return root, loader.construct_document(root) if root else None


class _Rules:
    """YAML takes the last of two equal keys in silence; here that is an error. 18:30 is no number (1110) here."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as yaml declares it
        first: [
            (tag, re.compile(f"(?!.*:)(?:{regexp.pattern})", re.VERBOSE) if tag in _NUMBERS else regexp)
            for tag, regexp in resolvers
            if tag != "tag:yaml.org,2002:timestamp"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"duplicate key {key.value!r}", problem_mark=key.start_mark)
            seen.add(str(key.value))
        found: dict[Any, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return found


class _Loader(_Rules, yaml.SafeLoader):
    """In Python."""


class _QuickLoader(_Rules, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """In C, where yaml was built with it."""


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def _converted(data: Any, kind: type[S], page: Page, place: Place) -> S:
    """Structs inside are converted first, each by itself, so that the place of a fault is known."""
    hints = get_type_hints(kind)
    if isinstance(data, dict):
        for key in data:
            if key not in hints:
                cut_off = data[key] is None and " " in str(key)  # as in {title: First, then second}
                remedy = "; in braces a text with a comma stands in quotes" if cut_off else meant(str(key), hints)
                page.wrong(f"unknown key {str(key)!r}{remedy}", *place, key)
        for item, inner, below in _inside(data, hints):
            _converted(item, inner, page, (*place, *below))
    try:
        return msgspec.convert(data, type=kind)
    except msgspec.ValidationError as error:
        sentence, _, where = str(error).partition(" - at `$")
        sentence = re.sub(r"Object missing required field (`\w+`)", r"the key \1 is missing", sentence)
        field = where.strip("`").removeprefix(".").split(".")[0].split("[")[0]
        told = data.get(field) if isinstance(data, dict) else None
        said = _unknown(field, told, hints.get(field)) or (f"{field}: {sentence}" if field else sentence)
        page.wrong(said, *place, *([field] if field else []), *_misfit(told, hints.get(field)))


def _misfit(told: Any, hint: Any) -> Iterator[str]:
    """The first key of a mapping whose value does not fit."""
    if isinstance(told, dict) and get_origin(hint) is dict:
        for key, value in told.items():
            try:
                msgspec.convert(value, type=get_args(hint)[1])
            except msgspec.ValidationError:
                yield key
                return


def _unknown(field: str, told: Any, hint: Any) -> str:
    """What is said of a word that is none of those that fit; empty for what is no word, or no such field."""
    for known in _one_of(hint, StrEnum) if isinstance(told, str) else ():
        return f"unknown {field} {told!r}{meant(told, known, '; there are ' + ', '.join(known))}"
    return ""


def _inside(data: dict[Any, Any], hints: dict[str, Any]) -> Iterator[tuple[Any, type[Struct], Place]]:
    """Where one struct or another may stand, msgspec alone decides which it is."""
    for field, value in data.items():
        inner = _one_of(hints[field], Struct)
        if len(inner) == 1:
            yield from ((item, *inner, (field, *below)) for item, below in _items(value, hints[field], *inner))


def _one_of(hint: Any, above: type) -> list[Any]:
    """The classes below `above` that stand in a type."""
    inside = [one for part in get_args(hint) for one in _one_of(part, above)]
    return [hint] if isinstance(hint, type) and not get_args(hint) and issubclass(hint, above) else inside


def _items(value: Any, hint: Any, inner: type) -> Iterator[tuple[Any, Place]]:
    """What of a field's value has to be converted to the struct `inner`."""
    alone = hint is inner or type(None) in get_args(hint)
    if alone:
        yield from [(value, ())] if value is not None else ()
    elif isinstance(value, list):
        yield from ((item, (n,)) for n, item in enumerate(value))
    elif isinstance(value, dict):
        yield from ((item, (key,)) for key, item in value.items())
