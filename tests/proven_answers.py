"""Answers of notebooks that attack: kept of a batch that was seen from outside to do no harm, and of no other.

Why an unchanged tree checks nothing less by them: an attack meets what runs it, and all of that is in the key of a run
(`grader/batch/keys.py`: the cells, the jail, the guest, the data, the limits, the versions of Python and TensorFlow) or
in the name of the file here: this machine's kernel, its bubblewrap, the user, and what hands notebooks to the jail.
Where one of these changes, everything runs again. What notebooks answered and printed is looked at by every test in
every run, and judged anew where a judge changed. What cannot be told from answers is what a batch leaves on the machine
and whether it was late for another reason than its own: a batch is kept only after both were seen to be as they should,
and one that was killed keeps nothing.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.batch.keys import digest, of_code
from grader.batch.store import FILE, FOLDER, Store, opened
from grader.sandbox.walls.groups import why_none

ROOT = Path(__file__).parents[1]
# What leads a notebook to the jail, and what looks at it from outside; the jail itself is in the key of each run.
LEADS_TO_IT = tuple(ROOT / place for place in ("grader/running", "grader/intake", "grader/batch", "grader/pipeline.py"))
LOOKS_ON = (Path(__file__), Path(__file__).with_name("test_hostile.py"))


class Proven:
    """A batch's store, and whether what was seen of the batch lets it be kept."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.harmless = False


@contextmanager
def proven(folder: Path, name: str, work: Path) -> Iterator[Proven]:
    """A store in `work`, begun with what `folder` keeps, and put back there where the batch proved harmless."""
    kept = folder / f"{name}-{this_machine()}.sqlite"
    copy = work / FOLDER / FILE
    copy.parent.mkdir(parents=True)
    if kept.exists():
        shutil.copyfile(kept, copy)
    with opened(work) as store:
        batch = Proven(store)
        yield batch
    kept.unlink(missing_ok=True)
    if batch.harmless:
        for old in folder.glob(f"{name}-*.sqlite"):  # of this tree before a change
            old.unlink(missing_ok=True)
        beside = folder / f"{name}-{os.getpid()}.part"
        shutil.copyfile(copy, beside)
        beside.rename(kept)


def this_machine(code: tuple[Path, ...] = ()) -> str:
    """What holds a notebook: the machine, and our own code; if not said otherwise, that which leads to the jail."""
    bubblewrap = shutil.which("bwrap")
    told = (
        subprocess.run([bubblewrap, "--version"], capture_output=True, text=True, check=False).stdout
        if bubblewrap
        else ""
    )
    return digest(
        platform.platform(), told, str(os.getuid()), str(why_none()), of_code(code or LEADS_TO_IT + LOOKS_ON)
    )[:16]
