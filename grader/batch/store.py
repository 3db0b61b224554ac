"""What a batch keeps beside its pages, row by row as it happens: its seed, finished reports, answers of notebooks.

One SQLite file in write-ahead mode, in the out folder. Whoever kills the grader at any moment loses the notebooks that
were being graded, and nothing else. Deleting the folder `.grader` costs time only.
"""

import contextlib
import secrets
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from grader.errors import OurFault, UsageError
from grader.model import OUT_OF_TIME, Observation, Outcome, Report, Run, Submission, TrainPolicy
from grader.sandbox.guest.wire import Question

Kind = TypeVar("Kind")
Questions = Mapping[str, Question]  # by their hash, with which the keys of answers begin
Exchange = tuple[Question, Observation]
Rows = dict[str, list[tuple[Any, ...]]]  # by their table; what is packed in them stays so

FOLDER, FILE = ".grader", "batch.sqlite"
VERSION = 2  # of the tables and of what is packed in them
SEED_BITS = 62  # notebooks see a hash of the seed, and could try all seeds of half as many bits
TABLES = """
CREATE TABLE IF NOT EXISTS batch (what TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS reports (key TEXT PRIMARY KEY, report BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, run BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    run TEXT NOT NULL, question TEXT NOT NULL, answer BLOB NOT NULL, PRIMARY KEY (run, question)
);
CREATE TABLE IF NOT EXISTS questions (hash TEXT PRIMARY KEY, asked BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS judged (report TEXT PRIMARY KEY, run TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS late (run TEXT PRIMARY KEY);
"""
COLUMNS = {"batch": "what, value", "reports": "key, report", "runs": "key, run", "answers": "run, question, answer",
           "questions": "hash, asked", "judged": "report, run", "late": "run"}  # fmt: skip


_one_decodes = threading.Lock()  # two threads that used a type of ours for the first time were once seen to crash


class Asked(Struct, frozen=True):
    """What a command asked for, so that the batch can be graded again without its notebooks at hand."""

    submissions: tuple[Submission, ...]
    data: Path | None
    train: TrainPolicy
    deadline: float | None
    accelerate: bool
    blind_test: bool
    course: str = ""  # its title
    equal_training: bool = True


class Store:
    """Rows of one out folder. Threads share it; another process is kept out by a lock."""

    def __init__(self, connection: sqlite3.Connection, begun_anew: str = "") -> None:
        self._connection = connection
        self.begun_anew = begun_anew  # a sentence: why nothing of earlier runs is here
        self._one_at_a_time = threading.Lock()

    def seed(self) -> int:
        """Secret, and the same for all that resume this batch, so that the same questions are asked."""
        self._execute("INSERT OR IGNORE INTO batch VALUES ('seed', ?)", packed(secrets.randbits(SEED_BITS)))
        seed = self._one("SELECT value FROM batch WHERE what = 'seed'", int)
        if seed is None:
            raise OurFault(f"The batch kept in {FOLDER}/ of the out folder is damaged: grade with --fresh.")
        return seed

    def asked(self) -> Asked | None:
        return self._one("SELECT value FROM batch WHERE what = 'asked'", Asked)

    def keep_asked(self, asked: Asked) -> None:
        self._execute("INSERT OR REPLACE INTO batch VALUES ('asked', ?)", packed(asked))

    def begin(self, fresh: bool = False) -> None:
        """Forget what came late, if the batch before this one ended: a busy machine may have been at fault.

        All of it where it is to begin afresh.
        """
        if fresh:
            self.forget()
        late = "(SELECT run FROM late)"
        if self._rows("SELECT 1 FROM batch WHERE what = 'ended'"):
            self._execute(f"DELETE FROM reports WHERE key IN (SELECT report FROM judged WHERE run IN {late})")
            self._execute(f"DELETE FROM runs WHERE key IN {late}")
            self._execute("DELETE FROM late")
            self._execute("DELETE FROM batch WHERE what = 'ended'")

    def end(self) -> None:
        self._execute("INSERT OR REPLACE INTO batch VALUES ('ended', ?)", packed(True))

    def report(self, key: str) -> Report | None:
        return self._one("SELECT report FROM reports WHERE key = ?", Report, key)

    def keep_report(self, key: str, run: str, report: Report) -> None:
        """`run` is the key of the run that it is about."""
        with self._writing():
            self._connection.execute("INSERT OR REPLACE INTO reports VALUES (?, ?)", (key, packed(report)))
            self._connection.execute("INSERT OR REPLACE INTO judged VALUES (?, ?)", (key, run))

    def run(self, key: str) -> Run | None:
        return self._one("SELECT run FROM runs WHERE key = ?", Run, key)

    def keep_run(
        self, key: str, run: Run, answers: Mapping[str, Observation], questions: Questions = MappingProxyType({})
    ) -> None:
        """A run with the answers to all it was asked, at once."""
        with self._writing():
            self._connection.execute("DELETE FROM answers WHERE run = ?", (key,))
            self._connection.execute("INSERT OR REPLACE INTO runs VALUES (?, ?)", (key, packed(run)))
            if run.outcome is Outcome.TIMEOUT:
                self._connection.execute("INSERT OR IGNORE INTO late VALUES (?)", (key,))
            self._add(key, answers, questions)

    def keep_answers(
        self, key: str, answers: Mapping[str, Observation], questions: Questions = MappingProxyType({})
    ) -> None:
        """What a run that is kept was asked beside."""
        if answers:
            with self._writing():
                self._add(key, answers, questions)

    def _add(self, key: str, answers: Mapping[str, Observation], questions: Questions) -> None:
        asked = [(word, packed(question)) for word, question in questions.items()]
        self._connection.executemany("INSERT OR IGNORE INTO questions VALUES (?, ?)", asked)
        rows = [(key, question, packed(answer)) for question, answer in answers.items()]
        self._connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", rows)
        if any(answer.status in OUT_OF_TIME for answer in answers.values()):
            self._connection.execute("INSERT OR IGNORE INTO late VALUES (?)", (key,))

    def answer(self, run: str, question: str) -> Observation | None:
        return self._one("SELECT answer FROM answers WHERE run = ? AND question = ?", Observation, run, question)

    def exchanges(self, run: str) -> list[Exchange]:
        """All that a notebook was asked, in order, and what it answered."""
        rows = self._rows(
            "SELECT asked, answer FROM answers JOIN questions ON substr(question, 1, length(hash)) = hash "
            "WHERE run = ? ORDER BY answers.rowid",
            run,
        )
        return [(unpacked(asked, Question), unpacked(answer, Observation)) for asked, answer in rows]

    def judged(self) -> list[tuple[Report, str]]:
        """Every report, in the order in which they were made, with the key of the run that it is about."""
        rows = self._rows(
            "SELECT reports.report, run FROM reports JOIN judged ON key = judged.report ORDER BY reports.rowid"
        )
        return [(unpacked(report, Report), run) for report, run in rows]

    def rows(self, runs: Sequence[str] | None = None) -> Rows:
        """All that is kept of notebooks, or of these runs what they are judged again by."""
        if runs is None:
            return {
                table: self._rows(f"SELECT {names} FROM {table}")
                for table, names in COLUMNS.items()
                if table != "batch"
            }
        found = [(run, self._rows("SELECT * FROM runs WHERE key = ?", run)) for run in runs]
        answers = [row for run, kept in found if kept for row in self._rows("SELECT * FROM answers WHERE run = ?", run)]
        return {"runs": [row for _, kept in found for row in kept], "answers": answers}

    def add(self, rows: Rows) -> None:
        """Rows that another store gave, all of them or none."""
        with self._writing():
            for table, many in rows.items():
                marks = ", ".join("?" * len(COLUMNS[table].split(",")))
                self._connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", many)

    def forget(self) -> None:
        for table in COLUMNS:
            self._execute(f"DELETE FROM {table}")

    def _one(self, query: str, kind: type[Kind], *values: str) -> Kind | None:
        """What cannot be read (an older version's, a damaged one) counts as not there."""
        for (blob,) in self._rows(query, *values):
            with contextlib.suppress(msgspec.DecodeError, zlib.error):
                return unpacked(blob, kind)
        return None

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._one_at_a_time:
            return self._connection.execute(query, values).fetchall()

    def _execute(self, query: str, *values: Any) -> None:
        with self._writing():
            self._connection.execute(query, values)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction. Raises OurFault where nothing can be written."""
        try:
            with self._one_at_a_time, self._connection:
                yield
        except sqlite3.OperationalError as error:
            raise OurFault(
                f"What was graded cannot be kept in {FOLDER}/ of the out folder ({error}). "
                "Make room or make it writable, and give the same command again."
            ) from error


@contextmanager
def opened(out: Path) -> Iterator[Store]:
    """Raises UsageError while another grader works in the same folder, and where nothing can be kept in it."""
    folder = out / FOLDER
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(FileLock(folder / "lock", blocking=False))
            connection, begun_anew = _connected(folder / FILE)
            stack.enter_context(contextlib.closing(connection))
        except Timeout:
            raise UsageError(
                f"{out}: another grader is working there. Wait until it is done, or give another folder by --out."
            ) from None
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"{folder}: nothing can be kept there ({error}). Remove it, or give another folder by --out."
            ) from error
        yield Store(connection, begun_anew)


@contextmanager
def passing() -> Iterator[Store]:
    """One that ends with its process: what is in it goes elsewhere by `rows`."""
    with contextlib.closing(_prepared(":memory:")) as connection:
        yield Store(connection)


def _connected(file: Path) -> tuple[sqlite3.Connection, str]:
    """And a sentence where the file was begun anew, being damaged or another version's: it only saves time."""
    try:
        return _prepared(file), ""
    except sqlite3.OperationalError:
        raise  # there is no room, or no right to write
    except sqlite3.DatabaseError as error:
        for name in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            name.unlink(missing_ok=True)
        return _prepared(file), f"{file}: {error}, so it was started afresh, and every notebook runs again."


def _prepared(file: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, check_same_thread=False)
    try:
        _insist_on_version(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(TABLES)
        for table, columns in COLUMNS.items():
            connection.execute(f"SELECT {columns} FROM {table} LIMIT 0")
    except BaseException:
        connection.close()
        raise
    return connection


def _insist_on_version(connection: sqlite3.Connection) -> None:
    """Raises DatabaseError where the file is damaged anywhere, or kept by another version of the grader."""
    (fault,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if fault != "ok":
        raise sqlite3.DatabaseError("what was kept there is damaged")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise sqlite3.DatabaseError("another version of the grader kept it")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def packed(value: Any) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(value, enc_hook=str), 1)


def unpacked(blob: bytes, kind: type[Kind]) -> Kind:
    data = zlib.decompress(blob)
    with _one_decodes:
        return msgspec.msgpack.decode(data, type=kind, dec_hook=lambda kind, value: kind(value))
