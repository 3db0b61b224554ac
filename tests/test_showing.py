"""Of what a cell shows no more is kept than it may show, whatever it is made of; and of errors the last."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from grader.model import Cell, CellStatus, Limits
from grader.sandbox.guest.config import Note
from grader.sandbox.notebook import Reading
from grader.sandbox.showing import ERROR_LIMIT, Showing

ROOM = 10_000
Message = tuple[str, Mapping[str, Any]]


def picture(size: int = 20, name: str | None = None, kind: str = "display_data", **more: Any) -> Message:
    return kind, {"data": {"text/plain": "p" * size}, "metadata": {}, "transient": {"display_id": name}, **more}


def printed(text: Any, name: str = "stdout") -> Message:
    return "stream", {"name": name, "text": text}


def failed(message: str, *trace: str) -> Message:
    return "error", {"ename": "ValueError", "evalue": message, "traceback": list(trace)}


def after(*messages: Message) -> tuple[dict[str, Any], ...]:
    showing = Showing(ROOM, ROOM, 20 * ROOM)
    for kind, content in messages:
        showing.hear(kind, content)
    kept = showing.outputs()
    assert len(json.dumps(kept)) < 2 * ROOM + 1000
    return kept


def cut(outputs: tuple[dict[str, Any], ...]) -> bool:
    return "195 KB in all" in str(outputs)


def test_metadata_of_a_picture_are_not_kept() -> None:
    (kept,) = after(picture(metadata={"image/png": {"width": "9" * 1_000_000}}))
    assert kept == {"output_type": "display_data", "data": {"text/plain": "p" * 20}, "metadata": {}}


def test_a_stream_has_one_of_two_names() -> None:
    kept = after(printed("a"), printed("b", "n" * 1_000_000), printed("c", "stderr"), printed(["d"]))
    assert [(output["name"], output["text"]) for output in kept] == [("stdout", "a"), ("stderr", "c")]


@pytest.mark.parametrize(
    "message",
    [
        printed("words " * 10_000),
        printed("\0" * 100_000),
        printed("日本語" * 10_000),
        picture(100_000),
        ("display_data", {"data": {"x/" + "m" * 100_000: ""}}),
        ("execute_result", {"data": {f"application/x{n}": [[]] for n in range(1000)}}),
    ],
)
def test_what_is_too_large_is_cut_or_left_out_and_that_is_said(message: Message) -> None:
    kept = after(message, printed("later\n"))
    assert cut(kept)


def test_many_small_outputs_are_as_good_as_a_large_one() -> None:
    kept = after(*[picture(0)] * 5000)
    assert cut(kept) and len(kept) < ROOM / 50


def test_text_in_any_script_is_kept_as_far_as_there_is_room() -> None:
    for text in ("line\n" * 10_000, "日本語" * 10_000):
        kept = after(printed(text))
        assert ROOM * 0.9 < len(json.dumps(kept[0]["text"])) <= ROOM and text.startswith(kept[0]["text"])


def test_of_many_errors_the_last_is_kept() -> None:
    kept = after(printed("a"), *(failed(f"number {n}", "t" * 4000) for n in range(1000)))
    assert [output["output_type"] for output in kept] == ["stream", "error"] and kept[1]["evalue"] == "number 999"


def test_an_error_has_room_whatever_was_printed_before_and_keeps_its_last_lines() -> None:
    trace = [f"call {n} " + "." * 500 for n in range(100)] + ["ValueError: shapes"]
    kept = after(printed("x" * 50_000), failed("shapes", *trace))[-1]
    assert kept["traceback"][-1] == "ValueError: shapes" and 10 < len(kept["traceback"]) <= 20


def test_an_error_of_any_size_is_bounded() -> None:
    showing = Showing(0, 10 * ERROR_LIMIT, ROOM)
    showing.hear(*failed("m" * 10_000_000, *["l" * 1_000_000] * 50, "\0" * 1_000_000))
    showing.hear("error", {"ename": ["no", "name"], "evalue": None, "traceback": "text"})
    assert showing.error_size < ERROR_LIMIT + 5000


def test_a_display_shown_many_times_is_updated_in_its_last_place_alone() -> None:
    update = picture(30, "d", "update_display_data")
    kept = after(*[picture(5, "d")] * 50, update)
    assert [len(output["data"]["text/plain"]) for output in kept] == [5] * 49 + [30]


def test_an_update_is_counted_as_well() -> None:
    large = picture(ROOM - 500, "d", "update_display_data")
    kept = after(picture(5, "d"), picture(5, "e"), large, picture(ROOM - 500, "e", "update_display_data"))
    assert len(kept[0]["data"]["text/plain"]) == ROOM - 500 and len(kept[1]["data"]["text/plain"]) == 5 and cut(kept)


def test_a_bar_that_is_updated_ten_thousand_times_is_no_more_than_one() -> None:
    assert not cut(after(picture(500, "bar"), *[picture(500, "bar", "update_display_data")] * 10_000))


def test_what_is_cleared_gives_its_room_back() -> None:
    frame = picture(ROOM - 500)
    now, then = ("clear_output", {"wait": False}), ("clear_output", {"wait": True})
    assert after(frame, now, frame, then, frame) == after(frame)
    assert after(frame, then) == after(frame)


@pytest.mark.parametrize(
    "message",
    [
        printed("\ud800 half a character"),
        ("display_data", {"data": {"text/\udfff": "\ud800"}}),
        ("display_data", {"data": {"application/json": 10**40}}),
        failed("\ud800", "\ud800"),
    ],
)
def test_whatever_is_kept_can_be_stored(message: Message) -> None:
    assert len(msgspec.msgpack.encode(after(message))) > 20


@pytest.mark.parametrize(
    "message",
    [
        ("display_data", {"data": "no mapping"}),
        ("update_display_data", {"data": {"text/plain": "x"}, "transient": {"display_id": "unknown"}}),
        ("display_data", {}),
        ("comm_open", {"data": {"state": "x" * 100_000}}),
        ("stream", {}),
    ],
)
def test_what_is_no_output_is_passed_over(message: Message) -> None:
    assert after(message) == ()


class SilentKernel:
    """One that nothing is sent to."""

    client = None

    def notes(self) -> tuple[Note, ...]:
        return ()


def test_cells_without_code_take_no_time_and_no_kernel() -> None:
    cells = tuple(Cell(n, "code", "\n ") for n in range(100_000))
    begun = time.process_time()
    done = asyncio.run(Reading(SilentKernel(), cells, Limits()).go({}, time.monotonic() + 60, None))
    assert {run.status for run in done.cells} == {CellStatus.OK} and time.process_time() - begun < 5


def test_cells_after_the_deadline_take_no_time_either() -> None:
    cells = tuple(Cell(n, "code", "x = 1") for n in range(100_000))
    begun = time.process_time()
    done = asyncio.run(Reading(SilentKernel(), cells, Limits()).go({}, time.monotonic(), None))
    assert {run.status for run in done.cells} == {CellStatus.SKIPPED} and time.process_time() - begun < 5
