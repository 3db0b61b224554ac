"""Broken and hostile notebooks in one batch beside honest ones: it ends, each is told what happened, nobody gets in."""

import contextlib
import csv
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import yaml
from markupsafe import escape
from msgspec.structs import replace

from grader.batch.keys import of_data
from grader.batch.preparing import batch_for
from grader.intake.collect import collect
from grader.judging.oracle import Oracle
from grader.model import Isolation, Report, TrainPolicy
from grader.pipeline import grade_batch, in_order
from grader.sandbox.walls.isolation import best_isolation
from grader.sandbox.walls.leftovers import PREFIX, TMP
from grader.scoring.results import page_paths, write_reports
from grader.wording.cell_names import cell_name
from tests.proven_answers import proven

NOTEBOOKS = Path(__file__).with_name("notebooks")
EXPECTED = yaml.safe_load((NOTEBOOKS / "hardship.yaml").read_text("utf-8"))
HONEST = ("honest/lab1/formula_as_on_the_slide.ipynb", "honest/lab1/many_small_steps_spanish.ipynb")
SEED = 0x2C4F19D0A6B35E87  # of all runs, so that an earlier one was asked the same; too large for a notebook to guess
SECONDS = 15.0
MEMORY = 2 * 1024**3
MARK = "grader-hostile-mark-98765"  # what a notebook tries to write outside
SLEEPERS = {str(number) for number in range(98761, 98765)}  # arguments of processes that notebooks leave behind
REACHED = "REACHED"  # printed by a notebook when it got hold of something
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

PLACES = [pytest.param(p, marks=() if row.get("fast") else pytest.mark.hostile) for p, row in EXPECTED.items()]
pytestmark = pytest.mark.skipif(best_isolation() is not Isolation.BUBBLEWRAP, reason="hostile code needs a jail")


class Graded(NamedTuple):
    reports: dict[str, Report]
    pages: dict[str, str]
    out: Path
    leftovers: set[str]


@pytest.fixture(scope="session")
def graded(
    oracle: Oracle, answers: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[bool], Graded]]:
    """The fast ones as one batch and the others as another, each when it is first asked for."""

    @cache
    def batch(fast: bool) -> Graded:
        places = [*HONEST, *(place for place, row in EXPECTED.items() if bool(row.get("fast")) is fast)]
        submissions = [collect([NOTEBOOKS / place])[0] for place in places]
        before, out = traces(), tmp_path_factory.mktemp("out")
        with (
            pytest.MonkeyPatch.context() as patch,
            proven(answers, "hostile-fast" if fast else "hostile-others", tmp_path_factory.mktemp("store")) as kept,
        ):
            patch.delenv("GRADER_DATA", raising=False)
            asked = replace(batch_for(None, TrainPolicy.NONE, SEED, SECONDS), memory=MEMORY, store=kept.store)
            asked = replace(asked, data_key=of_data(asked.data))
            reports = in_order(list(grade_batch(submissions, asked, oracle, 2, lambda s, what: None)), submissions)
            leftovers = traces() - before
            ended = (ends_as_expected(r, EXPECTED[p]) for p, r in zip(places, reports, strict=True) if p in EXPECTED)
            kept.harmless = not leftovers and all(ended)
        write_reports(reports, out)
        pages = [(out / path).read_text("utf-8") for path in page_paths(reports)]
        return Graded(dict(zip(places, reports, strict=True)), dict(zip(places, pages, strict=True)), out, leftovers)

    yield batch


def traces() -> set[str]:
    """What a batch of this process could leave behind; other graders may be at work on the same machine."""
    outside = (TMP, Path("/"), Path("/var/tmp"), Path("/home"), Path("/root"), Path("/dev/shm"), Path.cwd())
    found = {str(path) for folder in outside for path in folder.glob(f"*{MARK}*")}
    for process in psutil.process_iter(["cmdline"]):
        found |= {f"process sleep {word}" for word in SLEEPERS & set(process.info["cmdline"] or ())}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            words = child.cmdline()
            if "zygote" in words and child.ppid() == os.getpid():
                continue  # it stays for the next batch; what was forked from it is not left out
            found |= {f"process {word}" for word in words if "bwrap" in word or "/guest/start.py" in word}
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            target = os.readlink(descriptor)
            found |= {target} if target.startswith(f"{TMP}/{PREFIX}") else set()
    return found | {line for line in Path("/proc/self/mounts").read_text().splitlines() if PREFIX in line}


def found(graded: Callable[[bool], Graded], place: str) -> tuple[Report, str]:
    batch = graded(bool(EXPECTED[place].get("fast")))
    return batch.reports[place], batch.pages[place]


def ends_as_expected(report: Report, row: dict[str, Any]) -> bool:
    least, most = row["earns"]
    return report.outcome in row["outcome"].split(" or ") and least <= report.card.earned <= most


def told(report: Report) -> str:
    card = report.card
    ended = f"{card.earned:g} of {card.possible:g}, {card.pending:g} open, {report.outcome}, {report.run.fault}"
    cells = [f"cell {c.index + 1} {c.status} {c.trouble and c.trouble.kind}" for c in report.run.cells]
    return "\n".join([ended, *cells, *(f"{c.id} {c.verdict} {c.message}" for c in card.checks)])


def test_every_notebook_here_has_an_expectation() -> None:
    kinds = ("broken", "hostile")
    assert {p.relative_to(NOTEBOOKS).as_posix() for k in kinds for p in (NOTEBOOKS / k).glob("*.ipynb")} == set(
        EXPECTED
    )


@pytest.mark.parametrize("place", PLACES)
def test_it_ends_as_expected_and_earns_what_it_does_right(place: str, graded: Callable[[bool], Graded]) -> None:
    report, page = found(graded, place)
    row = EXPECTED[place]
    assert ends_as_expected(report, row), told(report)
    assert report.card.possible == row.get("possible", 8), told(report)
    assert not any(c.points for c in report.card.checks if c.id in row.get("withheld", ())), told(report)
    if "cell" in row:
        name = cell_name(report.submission.cells, row["cell"] - 1)
        sentence = f"T{name[1:]}"
        assert report.run.fault is not None and report.run.fault.startswith(sentence), told(report)
        assert "its own code" in report.run.fault and escape(sentence) in page and f'id="cell-{row["cell"]}"' in page


@pytest.mark.parametrize("place", PLACES)
def test_nothing_outside_was_reached(place: str, graded: Callable[[bool], Graded]) -> None:
    report, _ = found(graded, place)
    printed = "".join(str(o.get("text", "")) for c in report.run.cells for o in c.outputs)
    assert REACHED not in printed, printed


BATCHES = [True, pytest.param(False, marks=pytest.mark.hostile)]


@pytest.mark.parametrize("fast", BATCHES)
def test_their_neighbours_lose_nothing(fast: bool, graded: Callable[[bool], Graded]) -> None:
    for place in HONEST:
        report = graded(fast).reports[place]
        assert report.outcome == "ok" and report.card.earned == report.card.possible == 8, told(report)


@pytest.mark.parametrize("fast", BATCHES)
def test_no_process_socket_mount_folder_or_mark_is_left(fast: bool, graded: Callable[[bool], Graded]) -> None:
    assert graded(fast).leftovers == set()


@pytest.mark.parametrize("fast", BATCHES)
def test_a_row_and_a_page_for_each_and_no_formula_among_them(fast: bool, graded: Callable[[bool], Graded]) -> None:
    batch = graded(fast)
    with (batch.out / "gradebook.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(batch.reports)
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    for page in batch.pages.values():
        assert not re.search(r"<(script|iframe|form|object|embed|base|link|input)\b", page)
        assert len(re.findall(r"<p class=\"score\">", page)) == 1


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium to see what a browser makes of hostile pages")
@pytest.mark.parametrize("fast", BATCHES)
def test_no_script_of_theirs_runs_in_a_browser(fast: bool, graded: Callable[[bool], Graded], tmp_path: Path) -> None:
    batch = graded(fast)
    places = [place for place in batch.pages if "script" in place or "score" in place or "raises" in place]
    quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync".split()
    for place in places:
        file = tmp_path / "page.html"
        file.write_text(batch.pages[place], encoding="utf-8")
        command = [str(CHROMIUM), "--headless", "--no-sandbox", *quiet, f"--user-data-dir={tmp_path / 'profile'}"]
        command += ["--virtual-time-budget=2000", "--dump-dom", file.as_uri()]
        seen = subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout
        title = re.search(r"<title>(.*?)</title>", seen)
        assert title is not None and title[1].startswith("Lab1") and "OWNED" not in title[1]
