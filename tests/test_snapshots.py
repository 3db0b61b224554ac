"""Pages as they were when somebody last looked at them: what changes on them is seen in a review.

GRADER_SNAPSHOTS=write writes them anew: look at the difference, and at the pages, before you commit it.
Styles, scripts, drawings and pictures are left out; they have tests of their own.
"""

import os
import re
from pathlib import Path

import pytest
import sample_curves
import sample_reports as sample

from reports.classpage import class_page
from reports.feedback import feedback_page
from reports.nameless import nameless_page

FOLDER = Path(__file__).parent / "pages"
CLASS = (*sample.whole_class(), *map(sample.mistaken, ("student06", "student07", "student08", "student09")))
PAGES = {
    "mistaken": feedback_page(sample.mistaken(), sample.EARLIER),
    "curves": feedback_page(sample_curves.with_curves()),
    "hostile": feedback_page(sample.hostile()),
    "unread": feedback_page(sample.unreadable()),
    "class": class_page(CLASS, [f"{n}.html" for n, _ in enumerate(CLASS)]),
    "nameless": nameless_page(CLASS),
}


def bare(page: str) -> str:
    page = re.sub(r"<(style|script|svg)\b[^>]*>.*?</\1>", r"<\1/>", page, flags=re.DOTALL)
    page = re.sub(r"data:[\w/+-]+;base64,[\w+/=]+", "data:…", page)
    page = re.sub(r"'sha256-[^']+'", "'sha256-…'", page)
    return "\n".join(line.rstrip() for line in page.splitlines() if line.strip()) + "\n"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_it_was(name: str) -> None:
    file = FOLDER / f"{name}.html"
    if os.environ.get("GRADER_SNAPSHOTS") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(bare(PAGES[name]), "utf-8")
    assert bare(PAGES[name]) == file.read_text("utf-8"), "GRADER_SNAPSHOTS=write accepts it"
