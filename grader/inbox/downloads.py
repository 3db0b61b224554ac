"""Hand-ins in a folder or as a learning platform packs them, read by the same rules as for grading."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from grader.inbox.facts import Fact, Facts, stamp
from grader.inbox.holding import read
from grader.inbox.shelf import Shelf
from grader.intake.archive import archive_kind, members
from grader.intake.collect import hand_ins
from grader.intake.kinds import HEAD
from grader.intake.ledger import TimedBy
from grader.model import Submission


def rows(source: Path, shelf: Shelf, is_whole: Callable[[Path], bool]) -> Iterator[Facts]:
    """One for each student and piece of work; of several versions the newest, as for grading."""
    for submission in hand_ins([source]).submissions:
        if not is_whole(submission.path):
            continue
        data, modified = _bytes(submission.path)
        fact = read("file", submission.file or submission.path.name, data, shelf) if data else _unread(submission)
        when = datetime.fromtimestamp(modified, UTC) if modified else None
        key = f"{submission.student}\0{submission.student_id}\0{submission.lab}\0{submission.file}\0{fact.sha256}"
        yield Facts(
            key=hashlib.sha256(key.encode("utf-8", "replace")).hexdigest(),
            sender="",
            sender_name="",
            subject=submission.file,
            time=stamp(when),
            timed_by=TimedBy.FILE if when else TimedBy.NOTHING,
            dated=stamp(when),
            message_id="",
            held=(fact,),
            origin=str(source.name),
            student=submission.student,
            student_id=submission.student_id,
            lab=submission.lab,
        )


def _unread(submission: Submission) -> Fact:
    return Fact("file", submission.file, fault=submission.fault or "The file cannot be read.")


def _bytes(path: Path) -> tuple[bytes, float]:
    """Of a file, or of a member of the archive that stands in its path; empty where it cannot be read."""
    try:
        if path.is_file():
            return path.read_bytes(), path.stat().st_mtime
        archive = next((above for above in path.parents if above.is_file()), None)
        if archive is None:
            return b"", 0.0
        inside = PurePosixPath(*path.relative_to(archive).parts)
        with archive.open("rb") as stream:
            kind = archive_kind(archive.name, stream.read(HEAD), archive, archive.stat().st_size)
        for member in members(archive, kind, lambda name, head: name == inside):
            if member.name == inside:
                return member.data or b"", member.modified
    except OSError:
        return b"", 0.0
    return b"", 0.0
