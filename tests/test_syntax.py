"""Syntax trees come out right however many threads want some."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.syntax import literal, parsed, parsed_or_none

NESTED = "x = " + "f(1, [2, {'a': (3, " * 6 + "0" + ")}])" * 6


class Buried:
    """A cycle, which only the garbage collector ends, and then not without some code."""

    def __init__(self) -> None:
        self.own = self

    def __del__(self) -> None:
        for _ in range(200):
            pass


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_that_parse_while_garbage_is_collected_all_get_their_trees() -> None:
    def parsing(_: int) -> int:
        count = 0
        for _ in range(400):
            Buried(), Buried()
            count += len(parsed(NESTED).body)
        return count

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(parsing, range(4))) == [400] * 4


def test_what_is_no_python_has_no_tree() -> None:
    assert parsed_or_none("x = = 1") is parsed_or_none("x\0") is parsed_or_none("(" * 500) is None
    assert parsed_or_none("") is not None


def test_a_literal_is_worth_what_it_says() -> None:
    assert literal("'rate'") == "rate" and literal("-1") == -1
    with pytest.raises(ValueError, match="malformed"):
        literal("rate")
