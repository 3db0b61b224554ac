"""Pages in the system's own Chromium, as people see them: wide or narrow, light or dark, on paper. No network."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 640}, "color_scheme": "light"},
    "print": {"viewport": {"width": 720, "height": 1000}, "color_scheme": "light"},
}


@contextmanager
def browser() -> Iterator[Any]:
    """Skips, with the reason, where there is none."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium, which is not installed here")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright, which is not installed here")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def opened(chromium: Any, page: Path, view: str, **more: Any) -> Iterator[Any]:
    """The page, and in `page.asked` every address that it wanted beside its own."""
    context = chromium.new_context(**VIEWS[view], **more)
    try:
        tab = context.new_page()
        tab.asked = []
        tab.on("request", lambda request: tab.asked.append(request.url))
        if view == "print":
            tab.emulate_media(media="print")
        tab.goto(page.as_uri())
        tab.asked = [url for url in tab.asked if url != page.as_uri() and not url.startswith("data:")]
        yield tab
    finally:
        context.close()
