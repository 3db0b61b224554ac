"""Printed text is read as a terminal leaves it, in a time that grows with it and no faster."""

import time

import pytest

from grader.sandbox.streams import joined, overwritten, taken_back


def stream(text: str, name: str = "stdout") -> dict[str, str]:
    return {"output_type": "stream", "name": name, "text": text}


def test_all_that_is_printed_becomes_one_stream_of_each_name() -> None:
    picture = {"output_type": "display_data"}
    given = [stream("x", "stderr"), stream("a"), stream("b\n"), picture, stream("c"), stream("y", "stderr")]
    assert joined(given) == [stream("ab\nc"), stream("xy", "stderr"), picture]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("1%\r50%\r100%\ndone", "100%\ndone"),
        ("1%\r2%\r", "2%\r"),
        ("one\r\ntwo\r\n", "one\r\ntwo\r\n"),
        ("ab\b\bc\n\b\bd", "c\nd"),
        ("plain", "plain"),
    ],
)
def test_what_was_overwritten_or_taken_back_is_gone(text: str, left: str) -> None:
    assert overwritten(taken_back(text)) == left


@pytest.mark.parametrize(
    "text", ["z" * 2_000_000, "z" * 1_000_000 + "\b" * 1_000_000, "z\r" * 1_000_000, "\r" * 2_000_000]
)
def test_one_endless_line_takes_no_time(text: str) -> None:
    begun = time.process_time()
    joined([stream(text)])
    assert time.process_time() - begun < 5
