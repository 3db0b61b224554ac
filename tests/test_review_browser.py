"""The page of a review in a real browser: marked by keyboard alone, without scripts, on a telephone's width."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_review import LAB, TEXT, decisions, graded, row_check, served

from grader.model import Verdict

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, which drives the browser")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium to see what a browser makes of a review"),
]
OLMO, HAIZE = "Olmo Río Verde", "Haize Mendi Gorri"
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return graded(tmp_path / "grades")


@pytest.fixture
def page(browser: playwright.Browser, out: Path) -> Iterator[playwright.Page]:
    """Without scripts, as a reader who has them switched off."""
    with served(out, "--reviewer", "Reader") as (address, _), browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto(address)
        yield opened


def tab_to(page: playwright.Page, what: str) -> None:
    """Press Tab until this has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(":focus").and_(page.locator(what)).count():
            return
    raise AssertionError(f"the keyboard never reaches {what}")


def test_a_question_is_marked_by_keyboard_alone_and_without_scripts(page: playwright.Page, out: Path) -> None:
    assert "token" not in page.url, "it does not stay in the address"
    tab_to(page, "a:has-text('Question 2: can the cost become 0?')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/question?*")
    tab_to(page, f"article:has-text('{OLMO}') input[name=points]")
    page.keyboard.type("0.5")
    page.keyboard.press("Tab")
    page.keyboard.type("Right in")
    page.keyboard.press("Tab")
    page.keyboard.type("Say more.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**saved=*")
    assert page.get_by_role("status").inner_text() == "1 mark saved."
    assert page.locator(":focus").get_attribute("name") == "points", "the next open answer is where the keyboard is"
    check = row_check(out, OLMO)
    assert check.decision and (check.points, check.message) == (0.5, "Right in part. Say more.")


def test_those_who_are_not_ticked_are_left_out(page: playwright.Page, out: Path) -> None:
    page.goto(f"{page.url}question?lab={LAB}&check={TEXT}")
    group = page.locator("article", has_text="3 equal answers")
    group.get_by_label("Uno Dos Tres").uncheck()
    group.get_by_label("Points").fill("0")
    group.get_by_role("button", name="Save for all ticked").click()
    assert page.get_by_role("status").inner_text() == "2 marks saved."
    assert [row_check(out, who).verdict for who in ("Nube Alta", "Uno Dos Tres")] == [Verdict.FAIL, Verdict.MANUAL]


def test_two_tabs_on_one_answer_meet_in_a_question(page: playwright.Page, out: Path) -> None:
    address = f"{page.url}question?lab={LAB}&check={TEXT}"
    other = page.context.new_page()
    for tab, points in ((page, "0.5"), (other, "0.25")):
        tab.goto(address)
        tab.locator("article", has_text=OLMO).get_by_label("Points").fill(points)
    for tab in (page, other):
        with tab.expect_navigation():  # the first is saved before the second asks
            tab.locator("article", has_text=OLMO).get_by_role("button", name="Save", exact=True).click()
    assert other.get_by_role("heading", level=1).inner_text() == "Somebody else decided meanwhile"
    assert "0.5 of 0.5 points" in other.get_by_label(OLMO).locator("..").inner_text()
    other.get_by_role("button", name="Replace by my mark").click()
    assert other.get_by_role("status").inner_text() == "1 mark saved."
    assert [entry.wish.points for entry in decisions(out, OLMO)] == [0.5, 0.25]


def test_the_preview_opens_beside_the_form_and_what_was_written_stays(page: playwright.Page, out: Path) -> None:
    page.goto(f"{page.url}question?lab={LAB}&check={TEXT}")
    form = page.locator("article", has_text=OLMO)
    form.get_by_label("Points").fill("0.25")
    form.get_by_label("Comment").fill("Nearly.")
    with page.context.expect_page() as preview:
        form.get_by_role("button", name="Preview").click()
    assert "Nearly." in preview.value.locator("#checks").locator("..").inner_text()
    assert form.get_by_label("Comment").input_value() == "Nearly." and decisions(out, OLMO) == []


@pytest.mark.parametrize("place", ["", f"question?lab={LAB}&check={TEXT}", "student"])
def test_pages_fit_a_telephone_and_fetch_nothing(browser: playwright.Browser, out: Path, place: str) -> None:
    with served(out) as (address, _), browser.new_context(viewport={"width": 320, "height": 640}) as context:
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        origin = page.url
        if place == "student":  # a click does not wait for the page it leads to
            page.get_by_role("link", name=HAIZE).click()
            page.wait_for_url("**/student?*")
        else:
            page.goto(origin + place)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.title() and "HACKED" not in page.title()
        assert page.evaluate("document.body.dataset.hacked === undefined")
        assert all(url.startswith((origin, "data:")) for url in asked), asked
        unnamed = (
            "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter(e => !e.labels.length)"
        )
        assert page.evaluate(f"{unnamed}.length") == 0
        small = (
            "[...document.querySelectorAll('button, select, textarea, input:not([type=hidden]), summary')]"
            ".filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect()).filter(b => b.height < 19.9).length"
        )
        assert page.evaluate(small) == 0
    assert os.path.exists(out / "results.json")
