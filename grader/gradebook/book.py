"""gradebook.sqlite: every hand-in that was graded and every result it had, for people with a spreadsheet or SQL.

docs/gradebook.md tells of each column. Rows are added and never changed. In write-ahead mode readers wait for nobody.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from grader.errors import UsageError

FILE = "gradebook.sqlite"
WAIT = 30  # seconds, while another process writes
MIGRATIONS = (  # each brings the tables of the version before it to the next; none is ever changed
    """
    CREATE TABLE batches (id INTEGER PRIMARY KEY, time TEXT NOT NULL, course TEXT NOT NULL, grader TEXT NOT NULL);
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY, student TEXT NOT NULL, student_id TEXT NOT NULL, lab TEXT NOT NULL,
        content TEXT NOT NULL, file TEXT NOT NULL, batch INTEGER NOT NULL REFERENCES batches,
        UNIQUE (student, student_id, lab, content)
    );
    CREATE TABLE results (
        id INTEGER PRIMARY KEY, attempt INTEGER NOT NULL REFERENCES attempts, batch INTEGER NOT NULL REFERENCES batches,
        outcome TEXT NOT NULL, earned REAL NOT NULL, possible REAL NOT NULL, pending REAL NOT NULL, reason TEXT NOT NULL
    );
    CREATE TABLE checks (
        result INTEGER NOT NULL REFERENCES results, name TEXT NOT NULL, level TEXT NOT NULL, verdict TEXT NOT NULL,
        points REAL NOT NULL, possible REAL NOT NULL, mistake TEXT, message TEXT NOT NULL, PRIMARY KEY (result, name)
    );
    CREATE INDEX results_of_attempt ON results (attempt);
    """,
    """
    CREATE VIEW grades AS
        SELECT student, student_id, lab, earned, possible, pending, outcome, results.id AS result, batches.time AS time
        FROM results JOIN attempts ON attempts.id = results.attempt JOIN batches ON batches.id = results.batch
        WHERE results.id IN (
            SELECT max(results.id) FROM results JOIN attempts ON attempts.id = results.attempt
            GROUP BY student, student_id, lab
        );
    """,
    """
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY, student TEXT NOT NULL, student_id TEXT NOT NULL, lab TEXT NOT NULL, name TEXT NOT NULL,
        points REAL, reason TEXT NOT NULL, comment TEXT NOT NULL, reviewer TEXT NOT NULL, time TEXT NOT NULL,
        verdict TEXT NOT NULL, automatic REAL NOT NULL, mistake TEXT, message TEXT NOT NULL, content TEXT NOT NULL,
        follows INTEGER UNIQUE REFERENCES decisions
    );
    CREATE INDEX decisions_of_lab ON decisions (lab, name);
    """,
)


@contextmanager
def opened(grades: Path) -> Iterator[sqlite3.Connection]:
    """Made or brought to today's version where it has to be. Raises UsageError for a newer or damaged one."""
    path = grades / FILE
    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as book:
            book.execute("PRAGMA journal_mode = WAL")
            book.execute("PRAGMA foreign_keys = ON")
            _migrate(book, path)
            yield book
    except sqlite3.Error as error:
        raise UsageError(f"{path} cannot be used ({error}). Move it away to begin anew, or put a copy back.") from error


@contextmanager
def writing(book: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing, whoever is killed."""
    book.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        book.execute("ROLLBACK")
        raise
    book.execute("COMMIT")


def copied(grades: Path, to: Path) -> None:
    """A whole copy, also while somebody grades; an earlier copy is replaced by it."""
    beside = to.with_name(f".{to.name}.part")
    with opened(grades) as book:
        try:
            beside.unlink(missing_ok=True)
            with closing(sqlite3.connect(beside)) as copy:
                book.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file that can be carried away
            beside.replace(to)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"{to} cannot be written ({error}). Name another file by --backup.") from error


def _migrate(book: sqlite3.Connection, path: Path) -> None:
    if (version := _version(book)) > len(MIGRATIONS):
        raise UsageError(f"{path} was made by a newer grader (version {version}). Update this one.")
    if version == len(MIGRATIONS):
        return
    with writing(book):  # another process may have been quicker
        for number, script in enumerate(MIGRATIONS[_version(book) :], _version(book) + 1):
            for statement in filter(str.strip, script.split(";")):
                book.execute(statement)
            book.execute(f"PRAGMA user_version = {number}")


def _version(book: sqlite3.Connection) -> int:
    return int(book.execute("PRAGMA user_version").fetchone()[0])
