"""The folder that `grader intake` fills. What it was told lies in .intake/, file by file, each whole or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from grader.errors import UsageError
from grader.inbox.facts import Facts
from grader.intake.whole_files import write_whole

FOLDER = ".intake"


class Shelf:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._own = folder / FOLDER

    def facts(self) -> dict[str, Facts]:
        """By key. What is damaged or of another version is read anew from where it came."""
        found = {}
        for path in sorted((self._own / "messages").glob("*.json")):
            try:
                facts = msgspec.json.decode(path.read_bytes(), type=Facts)
            except (OSError, msgspec.MsgspecError):
                continue
            found[facts.key] = facts
        return found

    def keep(self, facts: Facts) -> None:
        write_whole(
            self._own / "messages" / f"{sha256(facts.key.encode()).hexdigest()[:32]}.json", msgspec.json.encode(facts)
        )

    def keep_notebook(self, data: bytes) -> str:
        name = sha256(data).hexdigest()
        path = self._own / "kept" / f"{name}.ipynb"
        if not path.exists():
            write_whole(path, data)
        return name

    def notebook(self, name: str) -> bytes:
        try:
            return (self._own / "kept" / f"{name}.ipynb").read_bytes()
        except OSError as error:
            raise UsageError(
                f"{self._own}/kept lacks a notebook ({error.strerror}). Delete {self._own}/messages and take in again."
            ) from None

    def sweep(self) -> None:
        """What a kill left half written."""
        for path in self.folder.rglob(".*.part"):
            path.unlink(missing_ok=True)


@contextmanager
def shelf(folder: Path) -> Iterator[Shelf]:
    """Nobody else's as long as it is open. Raises UsageError where another process has it."""
    lock = folder / FOLDER / "lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=0):
            made = Shelf(folder)
            made.sweep()
            yield made
    except Timeout:
        raise UsageError(f"Another `grader intake` is at work in {folder}. Wait for its end.") from None
    except OSError as error:
        raise UsageError(f"{folder}: nothing can be written here ({error.strerror}). Choose another --out.") from error
