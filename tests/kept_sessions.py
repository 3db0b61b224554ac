"""What kernels answered in earlier runs of the tests: a session that starts one only for what was never asked of it.

Why an unchanged tree checks nothing less by it: what a kernel says rests on what it was started with, on all it was
told before, on the code that runs it, and on the machine. All of that is in the word under which an answer is kept;
where any of it changes, a kernel starts, runs the cells, hears every question anew and says what it says now. Every
test looks at what was said, in every run. Nothing is kept where something came late, since the machine may have been
too busy.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

from msgspec.structs import asdict

from grader.batch.keys import ENVIRONMENT, HERE, RUNS_BY, digest, of_question
from grader.batch.shared import Opening
from grader.batch.store import packed, unpacked
from grader.model import OUT_OF_TIME, Cell, Observation, Outcome, Run
from grader.sandbox import session
from grader.sandbox.guest.wire import Question
from grader.sandbox.kernel import Setting
from grader.sandbox.walls import card_memory
from tests.kept import contents, file_for, read, write
from tests.proven_answers import this_machine

# Beside these it rests on nothing of ours: sentences about cells, the values that are kept.
CODE = (*RUNS_BY, HERE / "wording", HERE / "intake" / "repair.py", HERE / "model.py", Path(__file__))
BY_CHANCE = ("slot", "broken_off")  # which user a notebook runs as, and who may end it

Kind = TypeVar("Kind", Run, Observation, bool)


@contextmanager
def open_session(setting: Setting, opening: Opening = session.open_session) -> Iterator["KeptSession"]:
    """Like that of `grader/sandbox/session.py`, within a test or what a test uses; `opening` starts a kernel."""
    opened = KeptSession(setting, opening)
    try:
        yield opened
    finally:
        opened.close()


class KeptSession:
    """Stands for a session, which begins when it is told what it was never told before in this order."""

    def __init__(self, setting: Setting, opening: Opening = session.open_session) -> None:
        self._setting, self._opening = setting, opening
        self._word = digest(repr(code_and_machine()), *of_setting(setting))
        self._file: Path | None = None
        self._kept: dict[str, bytes] = {}
        self._told: list[Callable[[session.Session], object]] = []  # what a kernel has to hear before what is new
        self._live: session.Session | None = None
        self._late = False
        self._ending = ExitStack()

    def run(self, cells: tuple[Cell, ...], started: Callable[[int], None] | None = None) -> Run:
        """`started` is called in any case, with the same numbers."""
        done = self._said(
            digest(*(f"{c.index} {c.kind} {c.source}" for c in cells)), Run, lambda live: live.run(cells, started)
        )
        self._late |= done.outcome is Outcome.TIMEOUT
        if started and self._live is None:
            for cell in done.cells:
                started(cell.index)
        return done

    def ask(self, question: Question) -> Observation:
        seen = self._said(of_question(question), Observation, lambda live: live.ask(question))
        self._late |= seen.status in OUT_OF_TIME
        return seen

    def insist_on_room(self) -> None:
        device = self._setting.device
        if device is not None and self._said("room", bool, lambda live: live.card_full):
            card_memory.insist_on_room(device)

    def _said(self, what: str, kind: type[Kind], do: Callable[[session.Session], Kind]) -> Kind:
        self._word = digest(self._word, what)
        if self._file is None:
            self._file = file_for(self._word)
            self._kept = read(self._file)
        known = self._kept.get(self._word)
        if known is not None and self._live is None:
            self._told.append(do)
            return unpacked(known, kind)
        said = do(self._awake())
        self._kept[self._word] = packed(said)
        return said

    def _awake(self) -> session.Session:
        if self._live is None:
            self._live = self._ending.enter_context(self._opening(self._setting))
            for tell in self._told:
                tell(self._live)
        return self._live

    def close(self) -> None:
        live, self._live = self._live, None
        self._ending.close()
        if live is not None and self._file is not None and not self._late:
            write(self._file, self._kept)


@cache
def code_and_machine() -> tuple[str, ...]:
    return (this_machine(CODE), *ENVIRONMENT)


def of_setting(setting: Setting) -> Iterator[str]:
    for name, value in sorted(asdict(setting).items()):
        if name == "data":
            yield from (f"{part} {contents(folder)}" for part, folder in sorted(setting.data.items()))
        elif name not in BY_CHANCE:
            yield f"{name} {value!r}"
