"""Every kind of page holds what WCAG 2.2 AA asks, as far as axe can tell, in light, dark, 320 pixels and on paper."""

import base64
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sample_class
import sample_curves
import sample_reports as sample
from browser import VIEWS, browser, opened
from matplotlib.figure import Figure
from msgspec.structs import replace
from sample_review import WRITTEN, Served, served
from sample_review import graded as reviewed
from test_leaderboard import graded as made_graded
from test_leaderboard import measured, row
from test_looks import ONE as PHOTO

from grader.batch.keys import installed
from grader.commands.leaderboard import board_of
from grader.figures import AttentionMap
from grader.model import Cell, CellRun, CellStatus, Report
from reports.certificate import Sheet, certificate_page
from reports.classpage import class_page
from reports.feedback import feedback_page
from reports.languages import speaking
from reports.leaderboard import leaderboard_page
from reports.nameless import nameless_page
from reports.self_check import Result
from reports.similarity import Side, Twins, similarity_page
from tests.kept import contents, once

pytestmark = pytest.mark.browser
LOOKS = (Path(__file__), Path(__file__).with_name("browser.py"))
FONTS = shutil.which("fc-list")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
STILL = (
    "feedback",
    "right",
    "hostile",
    "unread",
    "unisolated",
    "class",
    "nameless",
    "certificate",
    "euskaraz",
    "klasea",
)
MORE = ("self-check", "leaderboard", "similarity", "review", "question", "student")  # of commands of their own
NAMES = (*STILL, *MORE)
LABS = ("lab1_warmup", "lab4_gru")
HEAT = AttentionMap("a pair", ("a", "dog"), ("an", "animal"), ((0.1, 0.9), (0.5, 0.5)), "entailment")
SHEET = Sheet(
    "progress", "Ane", "Deep Learning", "", ["Lab1: Warming Up"], "2026-0001", date(2026, 6, 1), "AAAAA-BBBBB"
)
SELF = Result("Lab4", "en", sample.mistaken().card, later=("The learning curves are plotted",), hidden=1)
NOTEBOOK = '<!doctype html><html lang="en"><title>A notebook</title><main><h1>A notebook</h1>'
MEGABYTES = 1.5


def everything() -> Report:
    """A page with all that a page may hold."""
    mistaken = sample.mistaken()
    return replace(mistaken, curves=sample_curves.with_curves().curves, attention=(HEAT, PHOTO))


@cache
def pages() -> dict[str, str]:
    few = sample_class.a_class(6, LABS)
    return {
        "feedback": feedback_page(everything(), sample.EARLIER),
        "right": feedback_page(sample.good()),
        "hostile": feedback_page(sample.hostile()),
        "unread": feedback_page(sample.unreadable()),
        "unisolated": feedback_page(sample.unisolated()),
        "class": class_page(few, [f"{n}.html" for n, _ in enumerate(few)], LABS),
        "nameless": nameless_page(few, LABS),
        "certificate": certificate_page(SHEET, "es"),
        **in_basque(few),
    }


def in_basque(few: list[Report]) -> dict[str, str]:
    """Words are longer there, and what students wrote is in another language than the page."""
    with speaking("eu"):
        return {
            "euskaraz": feedback_page(everything(), sample.EARLIER),
            "klasea": class_page(few, [f"{n}.html" for n, _ in enumerate(few)], LABS),
        }


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as running:
        yield running


def more_pages(folder: Path) -> dict[str, str]:
    """A result in a cell stands in a document of the notebook's, and a review's pages come from its server."""
    twin = Side("Ane", (("the code cell below “GRU”", "h = z * h\n" * 9, frozenset({1, 2})),))
    with served(reviewed(folder / "grades")) as (address, _):
        review = Served(address)
        asked = {
            "review": review.get("/"),
            "question": review.question(),
            "student": review.student(next(iter(WRITTEN))),
        }
    made_graded(folder / "board", [row("Ane", measured(0.81)), row("Jon", measured(0.8), student_id="900001")])
    return {
        "self-check": f"{NOTEBOOK}{SELF._repr_html_()}",
        "leaderboard": leaderboard_page(board_of("lab2_mlp", folder / "board", False)),
        "similarity": similarity_page("Lab4", [Twins(twin, twin, "all of it")], [["Ane", "Jon"]], 2),
        **asked,
    }


@pytest.fixture(scope="module")
def looks(chromium: Any, kept_here: None) -> tuple[str, ...]:
    """What a page looks like rests on its text, which is all there is of it, and on these."""
    fonts = subprocess.run(["fc-list"], capture_output=True, text=True, check=False).stdout if FONTS else ""
    return (chromium.version, *sorted(fonts.splitlines()), *installed(("playwright",)), *map(contents, LOOKS))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    every = pages() | more_pages(folder)
    made = {name: folder / f"{name}.html" for name in every}
    for name, page in every.items():
        made[name].write_text(page, "utf-8")
    return made


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(name: str, view: str, chromium: Any, files: dict[str, Path], looks: tuple[str, ...]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    rules = {"target-size": {"enabled": view != "print"}}  # nobody clicks on paper
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"], "rules": rules}

    def found() -> str:
        with opened(chromium, files[name], view, bypass_csp=True) as page:  # so that axe itself may run
            violations = axe.run(page, options=options).response["violations"]
        nodes = [(one["id"], node) for one in violations for node in one["nodes"]]
        return json.dumps([(rule, node["html"][:200], node["failureSummary"]) for rule, node in nodes])

    rests_on = ("axe", view, repr(options), files[name].read_text("utf-8"), axe.axe_script, *looks)
    assert json.loads(once(rests_on, found)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_320_pixels_is_not_scrolled_sideways_and_asks_for_nothing(
    name: str, chromium: Any, files: dict[str, Path], looks: tuple[str, ...]
) -> None:
    def seen() -> str:
        with opened(chromium, files[name], "narrow") as page:
            return json.dumps([page.evaluate("document.documentElement.scrollWidth"), page.asked])

    rests_on = ("width", files[name].read_text("utf-8"), *looks)
    assert json.loads(once(rests_on, seen)) == [320, []]


def test_every_kind_of_page_is_looked_at(files: dict[str, Path]) -> None:
    assert tuple(files) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_page_names_a_remote_address_but_where_a_student_wrote_a_link(name: str, files: dict[str, Path]) -> None:
    page = re.sub(r'<a href="https://example\.org/"[^>]*>', "", files[name].read_text("utf-8"))
    page = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"url\(|@import|(?:src|srcset|href|data|action|poster)=[\"']?(?:\w+:)?//", page)


def test_a_page_of_an_ordinary_notebook_is_small() -> None:
    """Sixty cells, eight plots as matplotlib draws them, three hundred lines of output each."""
    cells = tuple(cell for n in range(10) for cell in more(sample.notebook(), 6 * n))
    printed = sample.stream("".join(f"Epoch: {n:03d} cost = {0.69 / (1 + n / 9):.5f}\n" for n in range(300)))
    runs = [
        CellRun(cell.index, CellStatus.OK, outputs=(printed, *([plot(n)] if n < 8 else [])))
        for n, cell in enumerate(cell for cell in cells if cell.kind == "code")
    ]
    report = everything()
    submission = replace(report.submission, cells=cells)
    page = feedback_page(replace(report, submission=submission, run=replace(report.run, cells=tuple(runs))))
    assert page.count("data:image/png") == 8
    assert len(page.encode()) < MEGABYTES * 1e6


def more(cells: tuple[Cell, ...], after: int) -> list[Cell]:
    return [replace(cell, index=cell.index + after) for cell in cells]


def plot(seed: int) -> dict[str, Any]:
    """An output with learning curves, at the size and in the resolution of Colab."""
    figure = Figure(figsize=(6.4, 4.8))
    axes = figure.subplots()
    noise = np.random.default_rng(seed).normal(0, 0.02, (2, 300))
    axes.plot(1 - np.exp(-np.arange(300) / 60) + noise[0], label="train")
    axes.plot(0.8 - np.exp(-np.arange(300) / 50) + noise[1], label="dev")
    axes.legend()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return sample.display(image_png=base64.b64encode(file.getvalue()).decode())


def test_the_class_page_filters_without_a_script_and_sorts_and_searches_with_it(
    chromium: Any, files: dict[str, Path]
) -> None:
    rows = ".matrix tbody tr"
    with opened(chromium, files["class"], "light", java_script_enabled=False) as page:
        everybody = page.locator(rows).count()
        page.get_by_label("with a work missing").check()
        assert 0 < page.locator(f"{rows}:visible").count() < everybody
        assert not page.locator("#search").is_visible()
    with opened(chromium, files["class"], "light") as page:
        page.get_by_label("Search").fill("student03")
        assert page.locator(f"{rows}:visible").count() == 1
        page.get_by_label("Search").fill("")
        page.get_by_role("button", name="Together").click()
        earned = [float(t.split("/")[0]) for t in page.locator(f"{rows} td.total").all_inner_texts()]
        assert earned == sorted(earned) and len(earned) == everybody
        page.get_by_role("button", name="Together").click()
        assert page.locator(f"{rows} td.total").first.inner_text().startswith(f"{max(earned):g}/")
        assert page.locator("th[aria-sort=descending]").inner_text() == "Together"


def test_a_class_of_sixty_opens_in_less_than_a_second(chromium: Any, tmp_path: Path) -> None:
    """Eleven works each. The best of three: the machine may have other things to do."""
    reports = sample_class.a_class(60)
    assert len({report.submission.lab for report in reports}) == 12  # and what is of no lab
    path = tmp_path / "index.html"
    path.write_text(class_page(reports, [f"{n}.html" for n, _ in enumerate(reports)]), "utf-8")
    took = []
    for _ in range(3):
        with opened(chromium, path, "light") as page:
            took.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    assert 0 < min(took) < 1000
