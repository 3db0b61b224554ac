"""The reports that an out folder keeps, read whoever grades in it: what a reviewer sees of hand-ins, and pages anew."""

import sqlite3
import threading
import zlib
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec.structs import replace

from grader.batch.kept_rows import decided_row
from grader.batch.store import FILE, FOLDER, VERSION, unpacked
from grader.model import Report
from grader.scoring.results import SubmissionRow, submission_row

_WAIT = 10  # seconds, while a grader writes
_Kind = tuple[str, str, bytes]  # a notebook's content, its lab, what was said of its checks


class KeptReports:
    """Those of one out folder; threads share it. Nothing is there where `.grader` was deleted."""

    def __init__(self, out: Path) -> None:
        self._file = out / FOLDER / FILE
        self._kinds: dict[tuple[str, int], _Kind | None] = {}  # by key and row; None for what cannot be read
        self._keys: dict[_Kind, str] = {}
        self._one_at_a_time = threading.Lock()

    def of(self, row: SubmissionRow, content: str) -> Report | None:
        """What was said of this notebook as this row has it, without what people decided."""
        kind = (content, row.lab or "", msgspec.json.encode(decided_row(row, {}).checks))
        with self._one_at_a_time:
            try:
                report = self._report(kind)
            except sqlite3.Error:
                return None
        return report and _as_of(report, row)

    def _report(self, kind: _Kind) -> Report | None:
        if not self._file.is_file():
            return None
        with closing(sqlite3.connect(self._file, timeout=_WAIT)) as store:
            if store.execute("PRAGMA user_version").fetchone() != (VERSION,):
                return None
            self._take_up(store)
            if (key := self._keys.get(kind)) is None:
                return None
            blob = store.execute("SELECT report FROM reports WHERE key = ?", (key,)).fetchone()
            return _readable(blob[0]) if blob else None

    def _take_up(self, store: sqlite3.Connection) -> None:
        """What was kept since the last look; the later of equals counts."""
        there = store.execute("SELECT key, rowid FROM reports ORDER BY rowid").fetchall()
        for key, number in there:
            if (key, number) not in self._kinds:
                (blob,) = store.execute("SELECT report FROM reports WHERE key = ?", (key,)).fetchone() or (b"",)
                report = _readable(blob)
                self._kinds[key, number] = _kind(report) if report else None
        self._keys = {kind: key for key, number in there if (kind := self._kinds[key, number])}


def _readable(blob: bytes) -> Report | None:
    try:
        return unpacked(blob, Report)
    except (msgspec.DecodeError, zlib.error):
        return None


def _kind(report: Report) -> _Kind:
    checks = msgspec.json.encode(submission_row(report).checks)
    return report.submission.content, report.submission.lab or "", checks


def _as_of(report: Report, row: SubmissionRow) -> Report:
    """Equal notebooks are graded once, whoever handed them in."""
    own = replace(report.submission, path=Path(row.path), student=row.student, student_id=row.student_id, file=row.file)
    return replace(report, submission=own)
