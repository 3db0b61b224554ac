"""What people read, and what student content can do to a page: nothing."""

import itertools
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
import sample_curves
import sample_reports as sample
from msgspec.structs import replace

import reports
from grader.model import Cell, CellRun, CellStatus, Report
from grader.sandbox.guest.wire import Trouble
from reports import words
from reports.classpage import class_page
from reports.feedback import feedback_page
from reports.nameless import nameless_page
from reports.notebook import shown_cells
from reports.outputs import clean_html, data_image, shown
from reports.scrub import name, printed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STYLE = Path(reports.__file__).with_name("templates").joinpath("page.css").read_text()
VOID = {"meta", "br", "hr", "img", "col", "input"}


class Outline(HTMLParser):
    """Elements, headings, ids and links of a page; `unbalanced` when tags do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.unbalanced = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for key, value in attrs if key == "id"]
        self.links += [value or "" for key, value in attrs if key in ("href", "src", "action")]
        self.handlers += [key for key, _ in attrs if key.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.unbalanced = True


def every_page() -> list[str]:
    reports = sample.whole_class()
    return [
        *map(feedback_page, (*reports, sample_curves.with_curves())),
        class_page(reports, [f"{n}.html" for n, _ in enumerate(reports)]),
        nameless_page([*reports, *map(sample.mistaken, ("a", "b", "c", "d"))]),
    ]


def with_outputs(*outputs: dict[str, object]) -> str:
    report = sample.good()
    run = msgspec.structs.replace(report.run, cells=(CellRun(1, CellStatus.OK, outputs=outputs),))
    return feedback_page(msgspec.structs.replace(report, run=run))


def test_a_page_needs_no_script_and_no_network() -> None:
    """The class page sorts by one of its own, and works without: tests/test_classpage.py."""
    for page in every_page():
        outline = Outline(page)
        assert "default-src 'none'" in page
        ours = {"script", "input"} if "script-src 'sha256-" in page else set()
        assert not {"script", "link", "iframe", "form", "base", "object", "input"} - ours & set(outline.tags)
        assert not outline.handlers
        assert all(
            re.match(r"#|data:image/|https://example\.org/$|\d\.html(#|$)|class", link) for link in outline.links
        )


def test_no_drawing_stands_on_a_page_but_our_own_curves() -> None:
    for report in (*sample.whole_class(), sample_curves.with_curves()):
        page = feedback_page(report)
        assert Outline(page).tags.count("svg") == page.count('<figure class="curve">') == len(report.curves)


def test_every_tag_is_closed_and_every_id_is_used_once_whatever_a_notebook_prints() -> None:
    for page in every_page():
        outline = Outline(page)
        assert not outline.unbalanced
        assert outline.open == []
        assert len(outline.ids) == len(set(outline.ids))


def test_headings_never_skip_a_level_above_the_students_own_text() -> None:
    for page in every_page():
        levels = [
            int(tag[1]) for tag in Outline(page.split('class="notebook"')[0]).tags if re.fullmatch(r"h[1-6]", tag)
        ]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_link_inside_the_page_leads_somewhere() -> None:
    outline = Outline(feedback_page(sample.mistaken()))
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)
    assert "#cell-3" in outline.links


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium to see what a browser makes of a hostile page")
def test_no_script_of_a_hostile_notebook_runs_in_a_browser(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(feedback_page(sample.hostile()))
    quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync".split()
    command = [str(CHROMIUM), "--headless", "--no-sandbox", *quiet, f"--user-data-dir={tmp_path / 'profile'}"]
    seen = subprocess.run(
        [*command, "--virtual-time-budget=2000", "--dump-dom", page.as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=90,
    ).stdout
    outline = Outline(seen)
    assert re.search(r"<title>\s*Lab4: GRU based classifier · ", seen)
    assert "data-hacked" not in seen
    assert "script" not in outline.tags
    assert outline.tags.count("header") == 1


def test_no_output_can_look_like_the_score_or_stand_outside_its_frame() -> None:
    page = feedback_page(sample.hostile())
    assert page.count('class="score"') == page.count("<header") == 1
    frame = page[page.index('<div class="outputs"') :]
    assert "Output of your notebook" in frame
    assert "9 of 9" not in page.split("<main")[0].replace("Everything is right: 9 of 9 points&lt;/p&gt;", "")


def test_pandas_tables_survive_and_their_styles_do_not() -> None:
    cleaned = clean_html(sample.PANDAS)
    assert "<th>dev</th>" in cleaned
    assert "0.6406" in cleaned
    assert not re.search(r"style|class|vertical-align", cleaned)


def test_links_of_a_notebook_stay_only_when_they_are_web_links() -> None:
    cleaned = clean_html(
        '<a href="https://example.org/a" id="x">a</a><a href="javascript:x()">b</a><a href="data:text/html,x">c</a>'
    )
    assert cleaned.count("href") == 1
    assert "noopener" in cleaned
    assert "id=" not in cleaned


def test_only_what_is_an_image_is_shown_as_one() -> None:
    assert data_image("image/png", sample.png())
    assert data_image("image/png", "bm90IGFuIGltYWdl") is None
    assert data_image("image/png", "%%%") is None
    assert data_image("image/jpeg", sample.png()) is None
    assert data_image("image/png", sample.png() + "A" * 4_000_000) is None
    assert "data:image/png;base64," in with_outputs(sample.display(image_png=sample.png()))


def test_pictures_pasted_into_text_stay_and_those_on_the_network_do_not() -> None:
    pasted = clean_html(f'<img src="data:image/png;base64,{sample.png()}" alt="mine">', prose=True)
    assert "data:image/png" in pasted
    assert "<img" not in clean_html('<img src="https://example.org/a.png" alt="far">', prose=True)


def test_an_output_nobody_knows_becomes_a_line() -> None:
    (only,) = shown(sample.display(application_x="1"))
    assert only.kind == "note"
    assert "application/x" in only.text
    assert shown({"output_type": "nothing"}) == shown({}) == ()


def test_a_long_output_is_folded_and_its_middle_left_out_with_a_notice() -> None:
    page = with_outputs(sample.stream("".join(f"line {n}\n" for n in range(5000))))
    assert "5000 lines of output" in page
    assert "4840 lines are left out here." in page
    assert "line 4999" in page
    assert "line 2500" not in page


def test_a_progress_bar_shows_its_last_state() -> None:
    assert printed("10%\r50%\r100%\ndone\x1b[32m!\x1b[0m") == "100%\ndone!"
    assert printed("ab\b\bxy") == "xy"


def test_equal_work_gives_equal_pages_apart_from_name_and_time() -> None:
    one = feedback_page(sample.mistaken("student02", 31.25, address="0x7f3a5c0d1e20", kernel=4711))
    two = feedback_page(sample.mistaken("student03", 8.5, address="0x7f00aa112233", kernel=99))
    assert one != two
    without_time = [re.sub(r'<p class="when">.*?</p>', "", page) for page in (one, two)]
    assert without_time[0].replace("student02", "student03") == without_time[1]
    assert "/class/" not in one  # where the file lay
    assert "/tmp/ipykernel" not in one


def test_marks_that_turn_the_reading_direction_are_neutralised() -> None:
    page = feedback_page(sample.hostile())
    assert "\u202e" not in page
    assert "‹U+202E›trick" in page
    assert name("a\u202eb\x1b[31m\n c") == "ab c"
    assert len(name("x" * 500)) == 80


def test_an_unreadable_notebook_gets_a_page_with_the_reason() -> None:
    page = feedback_page(sample.unreadable())
    assert "Not graded: could not be read" in page
    assert "perhaps a broken download" in page


def test_every_verdict_is_said_in_words() -> None:
    page = feedback_page(sample.mistaken())
    for verdict in words.VERDICTS.values():
        assert f"</span> {verdict}</span>" in page


def test_checks_stand_in_the_order_of_their_levels() -> None:
    page = feedback_page(sample.mistaken())
    places = [page.find(f"<h3>{title}</h3>") for title in words.LEVELS.values()]
    found = [place for place in places if place >= 0]
    assert len(found) == 7
    assert found == sorted(found)


def test_a_cell_that_failed_says_so_and_marks_its_line() -> None:
    page = feedback_page(sample.mistaken())
    assert "This cell stopped in line 2 with NameError: name &#39;accuracy_train&#39; is not defined" in page
    assert page.count('class="line marked"') == 1


def test_a_page_of_odd_values_is_still_a_page() -> None:
    odd = (
        Cell(0, "code", ""),
        Cell(1, "markdown", "\ud800 <div>"),
        Cell(2, "code", "x=(\n" * 50),
        Cell(3, "code", "!pip\n%x"),
    )
    trouble = Trouble("E", "m", cell=99, line=10**9)
    report: Report = msgspec.structs.replace(
        sample.good(),
        submission=sample.submission("", None, cells=odd),
        run=msgspec.structs.replace(sample.good().run, cells=(CellRun(3, CellStatus.ERROR, trouble=trouble),)),
    )
    page = feedback_page(report)
    page.encode()
    assert not Outline(page).unbalanced
    assert "This cell was not run." in page


def test_a_hostile_megabyte_is_rendered_in_seconds() -> None:
    started = time.monotonic()
    with_outputs(
        sample.stream("\x1b[" * 200_000 + "\r" * 200_000 + "\b" * 200_000),
        sample.stream("/a" * 400_000),
        sample.display(text_html="<div>" * 39_000),
        sample.stream("0x" + "f" * 500_000),
    )
    assert time.monotonic() - started < 20


def test_the_secret_seed_is_on_no_page() -> None:
    page = feedback_page(msgspec.structs.replace(sample.good(), seed=918273645))
    assert "918273645" not in page


def test_text_can_be_read_on_its_ground_in_both_colour_schemes() -> None:
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in STYLE.split("@media", 2)[:2])
    badges = [(word, f"{word}-paper") for word in ("pass", "fail", "blocked", "unsure", "manual")]
    prose = [(ink, ground) for ink in ("ink", "quiet", "accent") for ground in ("page", "paper")]
    code = [(ink, "code") for ink in ("ink", "keyword", "string", "number", "comment", "function")]
    for scheme in (light, dark):
        for ink, ground in [*badges, *prose, *code, ("ink", "mark"), ("fail", "paper"), ("quiet", "code")]:
            assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_page_of_endless_code_is_written_at_once_and_its_first_cells_are_coloured() -> None:
    """What is read of one cell takes most of a second to colour."""
    slow = tuple(Cell(n, "code", "a" + ".b" * 25_000) for n in range(40))
    report = sample.whole_class()[0]
    report = replace(report, submission=replace(report.submission, cells=(Cell(40, "code", "if x < 1: y"), *slow)))
    begun = time.process_time()
    cells = shown_cells(report)
    assert time.process_time() - begun < 12
    assert '<span class="c-k">if</span>' in cells[0].lines[0] and cells[-1].lines == ("a" + ".b" * 19_999 + ".",)


@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_what_is_neither_coloured_nor_rendered_is_escaped(kind: str) -> None:
    cells = (*(Cell(n, kind, "x " * 30_000) for n in range(12)), Cell(13, kind, "<script>" * 4_000))
    report = sample.whole_class()[0]
    last = shown_cells(replace(report, submission=replace(report.submission, cells=cells)))[-1]
    assert "<" not in last.lines[0] and last.lines[0].startswith("&lt;script&gt;")
