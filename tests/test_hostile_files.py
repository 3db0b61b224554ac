"""Files that are no notebooks, names that are meant to do something, and a grader that is killed in the middle."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from grader.batch.preparing import batch_for
from grader.intake.collect import collect
from grader.model import Isolation, TrainPolicy
from grader.sandbox.walls.isolation import best_isolation
from grader.sandbox.walls.leftovers import PREFIX, TMP, sweep
from grader.scoring.results import page_paths, write_reports
from grader.scoring.summing_up import unread
from reports.classpage import script

ROOT = Path(__file__).parent.parent
SECONDS = f"9877.{os.getpid()}"  # another run of the tests has its own
SOUND = (ROOT / "tests/notebooks/honest/lab1/formula_as_on_the_slide.ipynb").read_bytes()
CELL = json.dumps({"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []})

UNREADABLE = {
    "empty": b"",
    "only spaces": b"  \n\n",
    "cut within the first cell": SOUND[:120],
    "binary": bytes(range(256)) * 20,
    "a zip by another name": b"PK\x03\x04" + bytes(300),
    "a web page": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "thousands of cells": b'{"cells": [' + b", ".join([CELL.encode()] * 5000) + b"]}",
    "nested too deeply": b"[" * 100_000,
    "a number": b"42",
    "cells of no kind": b'{"cells": [1, null, "x"], "metadata": {}}',
    "worksheets of no kind": b'{"worksheets": [{"cells": 3}], "nbformat": 3}',
    "another language": b'{"cells": [{"cell_type": "code", "source": "x <- c(1, 2)"}], "metadata": {"kernelspec": '
    b'{"name": "ir", "language": "R"}}}',
    "too large": b'{"cells": []}' + b" " * (51 * 1024**2),
}
READABLE = {
    "cut in the middle": SOUND[: len(SOUND) // 2],
    "old format": b'{"worksheets": [{"cells": [{"cell_type": "code", "input": "def np_fn(x): pass", "outputs": []}]}], '
    b'"nbformat": 3, "nbformat_minor": 0, "metadata": {}}',
    "keys twice": b'{"cells": [], "metadata": 1, "cells": [' + CELL.encode() + b'], "metadata": {"a": NaN}}',
    "metadata of no kind": b'{"cells": [' + CELL.encode() + b'], "metadata": [1, {"kernelspec": []}], "nbformat": "x"}',
    "not UTF-8": b'{"cells": [{"cell_type": "code", "source": "# a\xf1o"}]}',
    "a merge left undone": b"<<<<<<< HEAD\n" + SOUND,
}
NAMES = [
    '=HYPERLINK("http:||example.com";"marks")_lab1.ipynb',
    "+1-1_lab1.ipynb",
    "@SUM(1)_lab1.ipynb",
    "<script>alert(1)<|script>_lab1.ipynb".replace("|", "\\"),
    '"><img src=x onerror=alert(1)>_lab1.ipynb',
    "a..\\..\\results_lab1.ipynb",
    "\U0001f600 \U0001f468\u200d\U0001f469_lab1.ipynb",
    "\u202egnp.evil_lab1.ipynb",
    "con_lab1.ipynb",
    "a\nb\tc_lab1.ipynb",
    "results.json_lab1.ipynb",
    f"{'x' * 240}_lab1.ipynb",
    "-rf_lab1.ipynb",
]


def handed_in(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_what_cannot_be_read_says_why_and_stands_in_no_ones_way(tmp_path: Path) -> None:
    files = UNREADABLE | READABLE | {"sound": SOUND}
    rows = {row.path.stem: row for row in collect([handed_in(tmp_path, {f"{n}.ipynb": d for n, d in files.items()})])}
    assert set(rows) == set(files)
    assert {name for name, row in rows.items() if row.fault} == set(UNREADABLE)
    for name in UNREADABLE:
        assert len(rows[name].fault or "") > 30 and not rows[name].cells
    assert all(rows[name].cells for name in READABLE)


def test_a_link_that_leads_outside_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(SOUND)
    folder = handed_in(tmp_path / "in", {"a/lab1.ipynb": SOUND})
    (folder / "b").mkdir()
    (folder / "b/lab1.ipynb").symlink_to(secret)
    (folder / "c").symlink_to("/etc")
    (folder / "d.ipynb").symlink_to("/dev/zero")
    os.mkfifo(folder / "e.ipynb")
    (folder / "f").symlink_to(folder)
    sound = [row for row in collect([folder]) if row.fault is None]
    assert [row.path for row in sound] == [folder / "a/lab1.ipynb"]


def test_names_do_nothing_in_pages_tables_or_folders(tmp_path: Path) -> None:
    batch = batch_for(None, TrainPolicy.NONE, None)
    rows = collect([handed_in(tmp_path / "in", {name: SOUND + b"x" * n for n, name in enumerate(NAMES)})])
    reports, out = [unread(row, batch) for row in rows], tmp_path / "out"
    write_reports(reports, out)
    assert len(reports) == len(NAMES) == len({p.casefold() for p in page_paths(reports)})
    assert all((out / path).resolve().is_relative_to(out) for path in page_paths(reports))
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
    for page in out.rglob("*.html"):
        text = page.read_text("utf-8").replace(f"<script>{script().source}</script>", "")  # the class page's own
        assert not re.search(r"<(script|img)\b", text)
    with (out / "gradebook.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\n"))]


@pytest.mark.skipif(
    best_isolation() is not Isolation.BUBBLEWRAP, reason="without a jail, what a notebook starts may stay"
)
def test_a_grader_that_is_killed_leaves_no_process_and_the_next_one_removes_its_folders(
    kernel: None, tmp_path: Path
) -> None:
    source = f"import subprocess\nsubprocess.Popen(['sleep', '{SECONDS}'], start_new_session=True)\nwhile True: pass"
    cells = [{"cell_type": "code", "source": source}, {"cell_type": "code", "source": "def np_fn(x): pass"}]
    folder = handed_in(tmp_path / "in", {"lab1.ipynb": json.dumps({"cells": cells}).encode()})
    command = [sys.executable, "-m", "grader", "grade", folder, "--lab", "lab1_warmup", "--out", tmp_path / "out"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: bool(sleeping()), 120)
        left = [path for path in TMP.glob(f"{PREFIX}*") if str(running.pid) in users_of(path / "owner")]
        assert left
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert until(lambda: not sleeping(), 20)
    sweep.__wrapped__()
    assert not [path for path in left if path.exists()]


def sleeping() -> list[int]:
    return [p.pid for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [])[-1:] == [SECONDS]]


def users_of(file: Path) -> set[str]:
    """Processes that have it open."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(place) == str(file):
                found.add(place.parts[2])
        except OSError:
            continue
    return found


def until(wanted: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if wanted():
            return True
        time.sleep(0.2)
    return False
