"""Answers of hostile notebooks are kept of a batch that did no harm, and of no other."""

from pathlib import Path

import pytest

from tests import proven_answers
from tests.proven_answers import proven


def seed_after(folder: Path, work: Path, harmless: bool) -> int:
    with proven(folder, "hostile", work) as batch:
        batch.harmless = harmless
        return batch.store.seed()


def test_what_a_harmless_batch_was_asked_is_there_for_the_next(tmp_path: Path) -> None:
    first = seed_after(tmp_path, tmp_path / "one", harmless=True)
    assert seed_after(tmp_path, tmp_path / "two", harmless=True) == first
    assert [file.suffix for file in tmp_path.iterdir() if file.is_file()] == [".sqlite"]


def test_a_batch_that_left_something_behind_or_did_not_end_as_expected_takes_all_with_it(tmp_path: Path) -> None:
    first = seed_after(tmp_path, tmp_path / "one", harmless=True)
    assert seed_after(tmp_path, tmp_path / "two", harmless=False) == first
    assert not [file for file in tmp_path.iterdir() if file.is_file()]
    assert seed_after(tmp_path, tmp_path / "three", harmless=True) != first


def test_a_batch_that_was_broken_off_adds_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), proven(tmp_path, "hostile", tmp_path / "one") as batch:
        batch.harmless = True
        raise KeyboardInterrupt
    assert not [file for file in tmp_path.iterdir() if file.is_file()]


def test_other_code_that_leads_to_the_jail_or_looks_on_is_not_answered_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = seed_after(tmp_path, tmp_path / "one", harmless=True)
    monkeypatch.setattr(proven_answers, "LEADS_TO_IT", ())
    assert seed_after(tmp_path, tmp_path / "two", harmless=True) != first
