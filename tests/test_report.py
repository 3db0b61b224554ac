"""`grader report`: the pages of an out folder are rendered again from what it keeps, and nothing is graded."""

import json
import struct
from pathlib import Path

import pytest
import sample_reports as sample
from msgspec.structs import replace

import reports.languages
from grader.batch.kept_rows import beside, earlier_rows, settled
from grader.batch.store import FILE, FOLDER, Asked, opened
from grader.commands.report import told_of_pages
from grader.errors import UsageError
from grader.model import Report, TrainPolicy
from grader.scoring.results import write_reports
from reports.languages import DOMAIN, gettext, language, languages, speaking


def graded(out: Path, *reports: Report) -> None:
    """As `grader grade` leaves a folder behind."""
    rows = settled([report.submission for report in reports], earlier_rows(out)).submissions
    own = [replace(report, submission=row) for report, row in zip(reports, rows, strict=True)]
    with opened(out) as store:
        store.keep_asked(Asked(rows, None, TrainPolicy.NONE, None, True, True))
        for report in own:
            if report.card.checks:
                store.keep_report(f"key {report.submission.content} {report.card.earned}", "run", report)
    write_reports(own, out, beside(own, out))


def summed_up(report: Report) -> Report:
    """What could not be read is summed up by its fault."""
    return replace(report, summary=report.submission.fault) if report.submission.fault else report


def pages(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.html")}


def emptied(out: Path) -> None:
    for path in out.rglob("*.html"):
        path.write_text("")


def test_pages_are_the_same_again_and_everything_else_is_untouched(tmp_path: Path) -> None:
    graded(tmp_path, *map(summed_up, sample.whole_class()))
    before, results = pages(tmp_path), (tmp_path / "results.json").read_bytes()
    emptied(tmp_path)
    assert [*told_of_pages(tmp_path, "en")] == [f"Rendered again: 5 pages. Pages: {tmp_path / 'index.html'}"]
    assert pages(tmp_path) == before
    assert (tmp_path / "results.json").read_bytes() == results


def test_a_notebook_that_two_handed_in_is_rendered_under_both_names(tmp_path: Path) -> None:
    twin = sample.mistaken("student09")
    graded(tmp_path, sample.mistaken(), twin)
    before = pages(tmp_path)
    with opened(tmp_path) as store:
        store.forget()
        rows = (sample.mistaken().submission, twin.submission)
        store.keep_asked(Asked(rows, None, TrainPolicy.NONE, None, True, True))
        store.keep_report("one", "run", twin)
    emptied(tmp_path)
    assert "2 pages" in "".join(told_of_pages(tmp_path, "en"))
    assert pages(tmp_path) == before


def test_points_on_a_page_are_those_of_results_json_even_where_other_reports_are_kept(tmp_path: Path) -> None:
    graded(tmp_path, sample.mistaken())
    before = pages(tmp_path)
    with opened(tmp_path) as store:
        better = replace(sample.mistaken(), card=replace(sample.mistaken().card, earned=8.0))
        store.keep_report("later", "run", better)
    emptied(tmp_path)
    assert [*told_of_pages(tmp_path, "en")]
    assert pages(tmp_path) == before


def test_a_page_of_which_nothing_is_kept_stays_as_it_is_and_that_is_said(tmp_path: Path) -> None:
    graded(tmp_path, sample.mistaken(), sample.good())
    with opened(tmp_path) as store:
        store.forget()
        store.keep_report("one", "run", sample.good())
    old = (tmp_path / "student02/lab4_gru.html").read_bytes()
    said = [*told_of_pages(tmp_path, "en")]
    assert "Left as they were, since what they were made of is not kept: 1 page." in said
    assert (tmp_path / "student02/lab4_gru.html").read_bytes() == old
    assert "mirrored_update: 1 of 2" in (tmp_path / "index.html").read_text("utf-8")


def test_a_row_of_an_earlier_batch_graded_in_another_way_has_its_page_too(tmp_path: Path) -> None:
    graded(tmp_path, sample.mistaken())
    graded(tmp_path, sample.good())
    assert len(json.loads((tmp_path / "results.json").read_bytes())["submissions"]) == 2
    emptied(tmp_path)
    assert "Rendered again: 2 pages" in "".join(told_of_pages(tmp_path, "en"))
    assert all(pages(tmp_path).values())


def test_a_folder_that_keeps_nothing_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"keeps no graded batch\. Name the folder"):
        [*told_of_pages(tmp_path / "none", "en")]
    graded(tmp_path, sample.good())
    (tmp_path / "results.json").unlink()
    with pytest.raises(UsageError, match=r"holds no results.json. Grade"):
        [*told_of_pages(tmp_path, "en")]
    (tmp_path / FOLDER / FILE).unlink()
    with pytest.raises(UsageError, match="keeps no graded batch"):
        [*told_of_pages(tmp_path, "en")]


def test_a_language_without_a_catalogue_is_refused_and_no_page_claims_it(tmp_path: Path) -> None:
    graded(tmp_path, sample.good())
    before = pages(tmp_path)
    with pytest.raises(UsageError, match=r"There are no pages in 'xx' yet\. Choose among: en"):
        [*told_of_pages(tmp_path, "xx")]
    assert pages(tmp_path) == before


def test_a_catalogue_gives_pages_a_language_and_only_those_that_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "locale" / "es" / "LC_MESSAGES" / f"{DOMAIN}.mo"
    file.parent.mkdir(parents=True)
    file.write_bytes(compiled({"": "Content-Type: text/plain; charset=UTF-8\n", "Notebooks": "Cuadernos"}))
    monkeypatch.setattr(reports.languages, "CATALOGUES", tmp_path / "locale")
    out = tmp_path / "out"
    graded(out, sample.good())
    english = pages(out)
    assert languages() == ("en", "es")
    assert [*told_of_pages(out, "es")]
    spanish = (out / "index.html").read_text("utf-8")
    assert '<html lang="es">' in spanish and '<h2 id="notebooks">Cuadernos</h2>' in spanish
    assert [*told_of_pages(out, "en")]
    assert pages(out) == english


def compiled(catalogue: dict[str, str]) -> bytes:
    """As msgfmt does it: how many, where the originals stand, where the translations; each by length and place."""
    pairs = sorted(catalogue.items())
    texts = [text.encode() for side in (0, 1) for text in (pair[side] for pair in pairs)]
    start, table, held = 28 + 8 * len(texts), b"", b""
    for text in texts:
        table += struct.pack("<II", len(text), start + len(held))
        held += text + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0) + table + held


def test_english_is_spoken_as_it_stands_in_the_source() -> None:
    assert languages()[0] == "en"
    with speaking("en"):
        assert (language(), gettext("Check")) == ("en", "Check")
