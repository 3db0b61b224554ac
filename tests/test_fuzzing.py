"""Whatever bytes arrive as a reply or are handed in as a notebook: an answer, no crash, and memory in proportion."""

import json
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.intake.submission import read_notebook
from grader.model import Status
from grader.sandbox.guest.wire import Array, Listing, Mapping, Opaque, Question, Reply, Trouble, VariableList
from grader.sandbox.questions import VALUES_LIMIT, understand

ASKED = Question("q", ())
LITTLE = settings(max_examples=150, deadline=None)
SOUND = msgspec.msgpack.encode(
    Reply(
        "q",
        {
            "a": Array("float32", (2, 2), bytes(16)),
            "l": Listing((1, 2.5, "x", None, Mapping({"k": True}))),
            "v": VariableList((), {"rate": 0.1}),
            "o": Opaque("Odd"),
        },
        Trouble("ValueError", "no"),
    )
)
NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code",
                "source": ["x = 1\\n"],
                "metadata": {"id": "a"},
                "outputs": [{"output_type": "error"}],
            },
            {"cell_type": "markdown", "source": "# Lab1", "metadata": {}},
        ],
        "metadata": {"kernelspec": {"name": "python3"}, "widgets": {}, "colab": {"name": "lab1.ipynb"}},
        "nbformat": 4,
    }
).encode()


def json_can(value: object) -> bool:
    return not isinstance(value, bytes)


simple = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text() | st.binary(max_size=40)
packable = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary(max_size=40)
)
KEYS = st.sampled_from(
    "id values trouble at late printed type items kind dtype shape data made_by array listing mapping tape x".split()
)


def trees(leaves: Any) -> Any:
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=6))


def peak(work: Callable[[], object]) -> int:
    """Bytes that Python held at most while it worked."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def damaged(whole: bytes) -> Any:
    """The same with a few bytes exchanged, and cut off somewhere."""
    changes = st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6)

    def apply(drawn: tuple[list[tuple[int, int]], int]) -> bytes:
        body = bytearray(whole)
        for place, value in drawn[0]:
            body[place] = value
        return bytes(body[: drawn[1]])

    return st.tuples(changes, st.integers(0, len(whole))).map(apply)


@LITTLE
@given(st.binary(max_size=300) | damaged(SOUND) | trees(packable).map(msgspec.msgpack.encode))
def test_any_bytes_are_an_answer_or_malformed(body: bytes) -> None:
    assert understand(ASKED, body).status in Status


@LITTLE
@given(trees(packable))
def test_values_of_any_shape_are_an_answer_or_malformed(values: Any) -> None:
    body = msgspec.msgpack.encode({"id": "q", "values": {"x": values}})
    assert understand(ASKED, body).status in (Status.ANSWERED, Status.MALFORMED)


@pytest.mark.parametrize("mark", [b"\xdd", b"\xdf", b"\xc6", b"\xdb", b"\xc9"])
@pytest.mark.parametrize("count", [2**20, 2**31, 2**32 - 1])
def test_an_announced_size_allocates_nothing(mark: bytes, count: int) -> None:
    value = mark + struct.pack(">I", count)
    start = msgspec.msgpack.encode({"id": "q", "values": {"x": {"type": "listing", "items": ()}}})[:-1]
    for body in (start + value, start + b"\x91" + value, value):
        assert peak(lambda body=body: understand(ASKED, body)) < 1 << 20  # type: ignore[misc]


def test_a_reply_of_a_great_many_small_values_costs_no_more_than_a_multiple_of_its_bytes() -> None:
    start = msgspec.msgpack.encode({"id": "q", "values": {"x": {"type": "listing", "items": ()}}})[:-1]
    many = VALUES_LIMIT + 1
    body = start + b"\xdd" + struct.pack(">I", many) + b"\xa2ab" * many
    assert understand(ASKED, body).status is Status.MALFORMED
    assert peak(lambda: understand(ASKED, body)) < 40 * len(body)


def test_a_value_nested_beyond_any_depth_is_malformed() -> None:
    assert understand(ASKED, b"\x91" * 200_000).status is Status.MALFORMED
    one = msgspec.msgpack.encode({"type": "listing", "items": ()})[:-1]
    deep = msgspec.msgpack.encode({"id": "q", "values": {"x": 1}})[:-1] + (one + b"\x91") * 50_000
    assert understand(ASKED, deep).status is Status.MALFORMED


@LITTLE
@given(st.binary(max_size=300) | damaged(NOTEBOOK), st.sampled_from(["lab1.ipynb", "lab1.py"]))
def test_any_bytes_are_a_notebook_or_a_sentence_why_not(data: bytes, name: str) -> None:
    notebook = read_notebook(PurePath(name), data)
    assert bool(notebook.fault) != bool(notebook.cells)


CELL_KEYS = st.sampled_from("cell_type source metadata outputs id execution_count input worksheets cells".split())
cells = st.dictionaries(
    CELL_KEYS, st.sampled_from(["code", "markdown", "x = 1"]) | trees(simple.filter(json_can)), max_size=6
)


@LITTLE
@given(st.dictionaries(st.sampled_from(["cells", "metadata", "worksheets", "nbformat"]), st.lists(cells, max_size=4)))
def test_json_of_any_shape_is_a_notebook_or_a_sentence_why_not(raw: Any) -> None:
    notebook = read_notebook(PurePath("lab1.ipynb"), json.dumps(raw).encode())
    assert bool(notebook.fault) != bool(notebook.cells)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"cells":' * 50_000,
        b'{"cells": [' + b'{"cell_type": "code", "source": "x"},' * 20_000,
        b'{"cells": [{"cell_type": "code", "source": "' + b"x" * (1 << 20),
        b'{"cells": [' + b"9" * 500_000 + b"]}",
        b'{"cells": [{"cell_type": "code", "source": ["' + b'a", "' * 100_000,
    ],
    ids=["brackets", "nested", "many cells", "long line", "long number", "many lines"],
)
def test_a_hostile_file_costs_no_more_memory_than_a_multiple_of_its_size(data: bytes) -> None:
    assert peak(lambda: read_notebook(PurePath("lab1.ipynb"), data)) < 60 * len(data) + (1 << 20)
