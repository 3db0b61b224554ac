"""How the function that encodes pairs of sentences is found and called, and what its rows are made of."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from grader.judging.comparing import arrays
from grader.judging.comparing.arrays import Numbers, send
from grader.judging.examiner import Examiner
from grader.judging.meeting.source import trees
from grader.model import Cell, Observation
from grader.sandbox.guest.wire import (
    Call,
    ClassInfo,
    FunctionInfo,
    Inventory,
    Listing,
    ParameterInfo,
    Put,
    Ref,
    Step,
    Value,
)

HOLE = "3zFQ2QNwXLoB"
GIVEN_NAME = "convert_nli_examples_to_features"
WORDS = ("entailment", "neutral", "contradiction")  # by label
LENGTH = 64  # where the function wants to be told one
NAMED = re.compile(r"nli|pair|pare(s|ja)|bikote|infer|entail", re.IGNORECASE)
MAKES = re.compile(r"feature|encod|convert|rasgo|ezaugarri|codific|tokeni", re.IGNORECASE)
TEXT = "(?:sent|text|frase|esaldi|oraci)"
ROLES = (
    ("h", re.compile(rf"hyp|hip|^h$|({TEXT}\w*|(^|_)[stx]_?)(2|_b)$|second|segund|bigarren", re.IGNORECASE)),
    ("p", re.compile(rf"prem|^p$|({TEXT}\w*|(^|_)[stx]_?)(1|_a)$|first|primer|lehen", re.IGNORECASE)),
    ("l", re.compile(r"lab|gold|target|^y|etiq|etik|clase|^l$", re.IGNORECASE)),
    ("pairs", re.compile(r"pair|exampl|pares|pareja|bikote|texts|inputs|ejemplos", re.IGNORECASE)),
    ("frame", re.compile(r"df|frame|data|tabla|taula|set$", re.IGNORECASE)),
)
GIVEN = (  # as the notebook names what it hands over
    ("h", re.compile(rf"hyp|hip|\b{TEXT}\w*(2|_b)\b|\b[stx]_?2\b", re.IGNORECASE)),
    ("p", re.compile(rf"prem|\b{TEXT}\w*(1|_a)\b|\b[stx]_?1\b", re.IGNORECASE)),
    ("l", re.compile(r"lab|gold|target|\by|etiq|etik", re.IGNORECASE)),
)
COLUMNS = {"p": "sentence1", "h": "sentence2", "l": "label"}  # of the handout's tables
CHANGING = re.compile(r"^_|^call$|fit|train|step|epoch|eval|predict|compile|save|load|entren|treba", re.IGNORECASE)
TOKENIZER = re.compile(r"tok", re.IGNORECASE)
SIZE = re.compile(r"len|max|size|luzera|largo", re.IGNORECASE)
TOLD = re.compile(r"verb|print|show|quiet|muestra", re.IGNORECASE)
# What the notebook made before, unless it came no further: then as it was handed out.
BEFORE = (
    Put("tokenizer", Ref("globals().get('tokenizer') or __import__('transformers').BertTokenizer.from_pretrained("
                         "'bert-base-cased')")),
    Put("InputFeatures", Ref("globals().get('InputFeatures') or __import__('transformers').InputFeatures")),
    Put("max_length", Ref("globals().get('max_length', 128)")),
)  # fmt: skip


class Form(Struct, frozen=True):
    """A function and one way to hand it pairs: `order` of premises p, hypotheses h, labels l, pairs or a frame."""

    name: str
    cell: int | None
    order: tuple[str, ...]
    container: str = "pandas"  # or lists
    names: tuple[str, ...] = ()  # of the parameters that take these
    words: bool = False  # labels as SNLI has them, not as numbers
    extra: Mapping[str, Value] = {}


class Pairs(Struct, frozen=True):
    premises: tuple[str, ...]
    hypotheses: tuple[str, ...]
    labels: tuple[int, ...]


class Row(Struct, frozen=True):
    """One example as it came back; None for what it does not have."""

    ids: Numbers | None
    types: Numbers | None
    mask: Numbers | None
    label: Numbers | None
    apart: bool = False  # several encodings, one after another


class Asked(Struct, frozen=True):
    form: Form
    observation: Observation
    rows: tuple[Row, ...]


def candidates(
    functions: Sequence[FunctionInfo], cells: Sequence[Cell], classes: Sequence[ClassInfo] = ()
) -> list[FunctionInfo]:
    """Functions that may encode pairs, the likeliest first; last classes of which Keras gets batches by number."""
    by_number = [FunctionInfo(c.name, c.cell, c.parameters) for c in classes if "__getitem__" in c.methods]
    hole = {cell.index for cell in cells if cell.colab_id == HOLE}
    given = {name for name, call in calls(cells) if {"p", "h"} <= {role for role, p in GIVEN if p.search(call)}}

    def likelihood(f: FunctionInfo) -> tuple[bool, ...]:
        roles = [role_of(p.name) for p in f.parameters]
        return (
            f.name == GIVEN_NAME,
            bool(NAMED.search(f.name) and MAKES.search(f.name)),
            {"p", "h"} <= set(roles),
            f.cell in hole,
            bool(NAMED.search(f.name) and {"l", "pairs", "frame"} & set(roles)),
            f.name in given,
            f in by_number,
        )

    return sorted((f for f in (*functions, *by_number) if any(likelihood(f))), key=likelihood, reverse=True)[:5]


def methods(survey: Inventory) -> list[FunctionInfo]:
    """Of objects that the notebook holds by a name, but for those that may change a model."""
    held = {c.cls: c.bound_to for c in survey.constructions if c.bound_to}
    return [
        FunctionInfo(f"{held[info.name]}.{name}", info.cell, parameters)
        for info in survey.classes if info.name in held
        for name, parameters in info.methods.items() if parameters and not CHANGING.search(name)
    ]  # fmt: skip


def is_meant(form: Form, cells: Sequence[Cell]) -> bool:
    """Whether its name or place says that it is the function asked for, even if it does nothing yet."""
    in_hole = any(cell.colab_id == HOLE and cell.index == form.cell for cell in cells)
    return in_hole or bool(NAMED.search(form.name) and MAKES.search(form.name)) or {"p", "h"} <= set(form.order)


def role_of(name: str, roles: Sequence[tuple[str, re.Pattern[str]]] = ROLES) -> str:
    return next((role for role, pattern in roles if pattern.search(name)), "")


def forms(f: FunctionInfo, cells: Sequence[Cell]) -> Iterator[Form]:
    """Ways to call it, the likeliest first; how the notebook calls it says more than names of parameters."""
    called = order_called(f.name, cells)
    plain = [p for p in f.parameters if not is_extra(p)]
    extra = {p.name: value for p in f.parameters if p.required and is_extra(p) and (value := extra_of(p)) is not None}
    if takes_columns(plain):
        extra |= {p.name: COLUMNS[role] for p in plain if p.required and (role := role_of(p.name)) in COLUMNS}
        plain = plain[:1]
    for order in [called] if called else orders(plain):
        names = tuple(p.name for p in plain[: len(order)])
        names = names if len(names) == len(order) else ()
        for container, words in (("pandas", False), ("lists", False), ("pandas", True)):
            yield Form(f.name, f.cell, order, container, names, words, extra)


def takes_columns(parameters: Sequence[ParameterInfo]) -> bool:
    """Whether premise and hypothesis are names of columns of a table that comes first."""
    roles = [role_of(p.name) for p in parameters]
    return roles[:1] == ["frame"] and {"p", "h"} <= set(roles[1:])


def calls(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """What the notebook calls by a plain name, and the whole call."""
    for _, tree in trees(cells):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, ast.unparse(node)


def order_called(name: str, cells: Sequence[Cell]) -> tuple[str, ...] | None:
    """What stands at the first places where the notebook calls it: sentence1 is the premise."""
    for _, tree in trees(cells):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name and len(node.args) >= 3:
                order = tuple(role_of(ast.unparse(argument), GIVEN) for argument in node.args[:3])
                if sorted(order) == ["h", "l", "p"]:
                    return order
    return None


def is_extra(parameter: ParameterInfo) -> bool:
    role = role_of(parameter.name)
    return not role and any(p.search(parameter.name) for p in (TOKENIZER, SIZE, TOLD))


def extra_of(parameter: ParameterInfo) -> Value:
    if TOKENIZER.search(parameter.name):
        return Ref("tokenizer")
    return LENGTH if SIZE.search(parameter.name) else False


def orders(parameters: Sequence[ParameterInfo]) -> list[tuple[str, ...]]:
    roles = [role_of(p.name) for p in parameters]
    needed = [role for role, p in zip(roles, parameters, strict=True) if p.required]
    if {"p", "h"} <= set(roles[:3]):
        return [tuple(roles[:3])]
    if len(needed) >= 3 or not parameters:
        return [("p", "h", "l")]
    if len(needed) == 2:
        pair = "frame" if "frame" in needed and "pairs" not in needed else "pairs"
        return [("l", pair)] if needed[0] == "l" else [("pairs", "l"), ("p", "h")]
    return [("frame",), ("pairs",)] if len(needed) == 1 else [("p", "h", "l")]


def asked(x: Examiner, form: Form, ours: Pairs, purpose: str = "") -> Asked:
    container = "frame" if form.order == ("frame",) else form.container
    labels = tuple(WORDS[label] for label in ours.labels) if form.words else ours.labels
    arguments: tuple[Value, ...] = (
        Ref(form.name), container, Listing(ours.premises), Listing(ours.hypotheses), Listing(labels),
        Listing(form.order), Listing(form.names),
    )  # fmt: skip
    steps: list[Step] = [*BEFORE, Call("grader_pair_rows", arguments, dict(form.extra), into="r")]
    seen = x.ask(f"{form.name}.{'-'.join(form.order)}.{container}{'.words' * form.words}{purpose}", *steps, seconds=60)
    value = seen.values.get("r")
    return Asked(form, seen, tuple(map(row, value.items)) if isinstance(value, Listing) else ())


def row(value: Value) -> Row:
    items = getattr(value, "items", {})
    found = {name: whole(items.get(name)) if isinstance(items, dict) else None for name in
             ("input_ids", "token_type_ids", "attention_mask", "label")}  # fmt: skip
    apart = isinstance(items, dict) and items.get("apart") is not None
    return Row(found["input_ids"], found["token_type_ids"], found["attention_mask"], found["label"], apart)


def whole(value: object) -> Numbers | None:
    """One axis of whole numbers, or of truth values."""
    found = arrays.array(value)
    if found is None or found.ndim > 1 or found.size > 100_000 or not np.all(np.isfinite(found)):
        return None
    rounded: Numbers = np.rint(found).astype(np.int64).reshape(-1)
    return rounded if np.array_equal(rounded, found.reshape(-1)) else None


def encoded(x: Examiner, path: str, ids: Numbers, types: Numbers, mask: Numbers) -> Numbers | None:
    """What a model of the notebook answers to these inputs [n, length]: its scores [n, classes]."""
    inputs = (send(part.astype(np.int32)) for part in (ids, types, mask))
    seen = x.ask(f"scores.{path}.{len(ids)}", Call("grader_logits_of", (Ref(path), *inputs), into="s"), seconds=120)
    scores = arrays.array(seen.values.get("s"))
    fits = scores is not None and scores.ndim == 2 and len(scores) == len(ids) and scores.dtype.kind == "f"
    return scores if fits and scores is not None and np.all(np.isfinite(scores)) else None
