"""Which notebooks a message holds: attached, packed into an archive, or at the end of a link."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

from grader.inbox.facts import Fact, stamp
from grader.inbox.fetching import Came, Fetched, Fetcher
from grader.inbox.letters import Attached
from grader.inbox.links import Target, target
from grader.inbox.shelf import Shelf
from grader.intake.archive import archive_kind, members
from grader.intake.kinds import HEAD, is_junk, is_notebook
from grader.intake.recognise import alike, recognise
from grader.intake.submission import SIZE_LIMIT, read_notebook, too_large

LINKS = 12  # of one message that are followed
_SEALED = ("winmail.dat", "smime.p7m", "encrypted.asc")


def attached_ones(files: Sequence[Attached], shelf: Shelf) -> Iterator[Fact]:
    """Notebooks among the files; pictures, signatures and the like are none, and say nothing.

    A Python file is one only where there is no other: else the notebook imports it.
    """
    are_notebooks = any(is_notebook(file.name, file.data[:HEAD]) for file in files)
    for file in files:
        name = file.name or "unnamed"
        if kind := archive_kind(name, file.data[:HEAD], io.BytesIO(file.data), len(file.data)):
            yield from _packed(name, file.data, kind, shelf)
        elif name.lower() in _SEALED:
            yield Fact("attachment", name, fault=f"The attachment {name} is sealed; look at it in the mail program.")
        elif is_notebook(name, file.data[:HEAD]) or (name.lower().endswith(".py") and not are_notebooks):
            yield read("attachment", name, file.data, shelf)


def _packed(name: str, data: bytes, kind: str, shelf: Shelf) -> Iterator[Fact]:
    with tempfile.NamedTemporaryFile(suffix=f".{kind}") as packed:
        packed.write(data)
        packed.flush()
        found = False
        for member in members(Path(packed.name), kind, _is_wanted):
            if not any(map(is_junk, member.name.parts)) and (member.fault or member.data is not None):
                found = True
                label = f"{name}/{member.name}" if member.name.parts else name
                if member.fault or member.data is None:
                    yield Fact("attachment", label, fault=member.fault or "")
                elif is_notebook(member.name.name, member.head):
                    yield read("attachment", label, member.data, shelf)
        if not found:
            yield Fact("attachment", name, fault=f"The {kind} holds no notebook (.ipynb).")


def _is_wanted(name: PurePosixPath, head: bytes) -> bool:
    return is_notebook(name.name, head) and not any(map(is_junk, name.parts))


def read(what: str, name: str, data: bytes, shelf: Shelf, fetched: str = "") -> Fact:
    """The bytes are kept whether or not they can be read."""
    fact = partial(Fact, "attachment" if what == "attachment" else "link" if what == "link" else "file", name)
    if len(data) > SIZE_LIMIT:
        return fact(fault=too_large(len(data)), fetched=fetched)
    notebook = read_notebook(PurePosixPath("notebook.ipynb" if what == "link" else name), data)
    words = () if what == "link" else (PurePosixPath(name).stem,)
    return fact(
        sha256=shelf.keep_notebook(data),
        fault=notebook.fault or "",
        recognised=alike(notebook.cells),
        named=recognise((), words).lab if words else None,
        fetched=fetched,
    )


def linked_ones(addresses: Sequence[str], fetcher: Fetcher, shelf: Shelf, now: datetime) -> Iterator[Fact]:
    """What each link leads to; links to anything but notebooks are passed over."""
    targets: dict[str, tuple[str, Target]] = {}
    for address in addresses:
        if meant := target(address):
            targets.setdefault(meant.name or meant.fault, (address, meant))
    for address, meant in list(targets.values())[:LINKS]:
        if meant.fault:
            yield Fact("link", address, fault=meant.fault)
        else:
            yield _fetched(address, fetcher.fetch(meant), shelf, stamp(now))


def _fetched(address: str, fetched: Fetched, shelf: Shelf, now: str) -> Fact:
    if fetched.came is Came.WHOLE:
        return read("link", address, fetched.data, shelf, now)
    return Fact(
        "link",
        address,
        fault=fetched.reason,
        no_permission=fetched.came is Came.NO_PERMISSION,
        again=fetched.came is not Came.NOTHING,
        fetched=now,
    )
