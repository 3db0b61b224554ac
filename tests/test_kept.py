"""What was answered is asked again where anything changed that it rests on, and where a test failed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kept import Folder, contents, forget, keep_in, once

FILE = Path(__file__).stem


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[list[str]]:
    before = Folder.place
    keep_in(tmp_path / "kept")
    yield []
    Folder.place = before
    Folder.failed.discard(FILE)


def answer(asked: list[str], *rests_on: str) -> str:
    def given() -> str:
        asked.append(" ".join(rests_on))
        return f"answer {len(asked)}"

    return once(rests_on, given)


def test_what_is_asked_again_by_the_same_words_is_answered_as_before(asked: list[str]) -> None:
    assert [answer(asked, "page", "browser 1") for _ in range(3)] == ["answer 1"] * 3
    assert asked == ["page browser 1"]


def test_another_page_or_browser_is_looked_at(asked: list[str]) -> None:
    for words in (("page", "browser 1"), ("other page", "browser 1"), ("page", "browser 2"), ("page browser", "1")):
        answer(asked, *words)
    assert len(asked) == 4


def test_where_a_test_fails_its_file_is_asked_again_and_keeps_nothing_in_that_run(asked: list[str]) -> None:
    answer(asked, "page")
    forget("test_another")
    assert answer(asked, "page") == "answer 1"
    forget(FILE)
    assert [answer(asked, "page") for _ in range(2)] == ["answer 2", "answer 3"]


def test_what_nobody_asked_for_in_weeks_is_thrown_away(asked: list[str], tmp_path: Path) -> None:

    answer(asked, "page")
    (file,) = (tmp_path / "kept").iterdir()
    os.utime(file, (0, 0))
    keep_in(tmp_path / "kept")
    assert not list((tmp_path / "kept").iterdir())


def test_the_content_of_a_folder_is_that_of_its_files_and_their_names(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.txt").write_text("1")
    before = contents(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert contents(tmp_path / "b") == before
    (tmp_path / "b" / "one.txt").rename(tmp_path / "b" / "two.txt")
    renamed = contents(tmp_path / "b")
    (tmp_path / "b" / "two.txt").write_text("2")
    assert len({before, renamed, contents(tmp_path / "b"), contents(tmp_path / "b" / "two.txt")}) == 4
