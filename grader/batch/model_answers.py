"""Model answers in kernels of ours, one for each lab: what they answer is kept, and shared by all submissions."""

import ast
import io
import re
import threading
import tokenize
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import PurePath

from msgspec.structs import replace

from grader.batch import keys
from grader.batch.replaying import OWN_TIME
from grader.batch.shared import Batch, kernel_seed
from grader.batch.store import Store
from grader.course.subject import SubjectKind
from grader.data.folder import shown
from grader.errors import OurFault
from grader.intake.submission import read_notebook
from grader.judging.meeting.source import trees
from grader.judging.model_answer import DECK, STARTER, ModelAnswer, Sizes
from grader.model import Cell, CellRun, CellStatus, Limits, Observation, Status, TrainBudget, TrainPolicy
from grader.sandbox.guest.wire import Form, Question
from grader.sandbox.kernel import Setting
from grader.sandbox.session import Session
from reference.notebooks import as_json, edited, load_edits, solution, starter

LAST_SLOT = 99  # model answers take slots from here down, submissions from 0 up


class ModelAnswers:
    """Those of a batch. A kernel starts when the first question comes that is not answered by what is kept."""

    def __init__(
        self, setting: Callable[[str, int], Setting], anew: Collection[str], store: Store | None, key: str
    ) -> None:
        """`setting` of a lab's kernel in a slot; `key` of what answers depend on beside a lab's own files.

        `anew`: labs whose objects are asked that a notebook left behind, so that a form's later cells run again.
        """
        self._setting, self._anew, self._store, self._key = setting, anew, store, key
        self._lock = threading.Lock()
        self._labs: dict[str, _Lab] = {}

    def of(self, lab: str) -> ModelAnswer:
        edits = load_edits(lab)
        with self._lock:
            if lab not in self._labs:
                slot = LAST_SLOT - len(self._labs)
                self._labs[lab] = _Lab(lab, lab in self._anew, partial(self._setting, lab, slot))
        ask = partial(self._ask, self._labs[lab], frozenset(edits.mistakes))
        return ModelAnswer(tuple(edits.accepted), tuple(edits.mistakes), ask)

    def _ask(self, lab: "_Lab", mistakes: frozenset[str], form: str, sizes: Sizes, question: Question) -> Observation:
        cells = lab.cells(form, tuple(sorted(sizes.items())))
        key = keys.digest(self._key, lab.name, *(f"{c.index} {c.source}" for c in cells))
        word = keys.of_question(question)
        with OWN_TIME.passing(), lab.lock:
            if (known := lab.kept.get((key, word))) is not None:
                return known
            answer = self._store.answer(key, word) if self._store else None
            if answer is None:
                answer = lab.ask(key, cells, question)
                insist_on_an_end(lab.name, form, form not in mistakes, answer)
                if self._store and ended(answer):
                    self._store.keep_answers(key, {word: answer})
            lab.kept[key, word] = answer
        return answer

    def close(self) -> None:
        for lab in self._labs.values():
            lab.close()

    def __enter__(self) -> "ModelAnswers":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def ended(answer: Observation) -> bool:
    return answer.status in (Status.ANSWERED, Status.RAISED)


def insist_on_an_end(lab: str, form: str, right: bool, answer: Observation) -> None:
    """Raises OurFault where a form that is right was not heard to its end: nothing can be held against it then.

    A mistake may well hang, and then names nothing.
    """
    if right and not ended(answer):
        name = f"its form {form!r}" if form else "it"
        raise OurFault(f"{lab}: the model answer was asked, and {name} gave no answer ({answer.status})")


class _Lab:
    """The kernel of one lab, all of whose life is in one thread, since a jail ends with the thread it came from."""

    def __init__(self, name: str, anew: bool, setting: Callable[[], Setting]) -> None:
        self.name, self.lock, self._anew = name, threading.Lock(), anew
        self.cells = cache(partial(form_cells, name))
        self.kept: dict[tuple[str, str], Observation] = {}
        self._setting = setting
        self._thread = ThreadPoolExecutor(1)
        self._session: Session | None = None
        self._runs: Sequence[CellRun] = ()

    def ask(self, key: str, cells: Sequence[Cell], question: Question) -> Observation:
        return self._thread.submit(self._asked, key, cells, question).result()

    def _asked(self, key: str, cells: Sequence[Cell], question: Question) -> Observation:
        deck = self.cells(DECK, ())
        if self._session is None:
            self._session = Session(self._setting())
            self._runs = self._session.run(deck).cells
        self._insist(self._runs, deck)
        own = {c.index: c.source for c in self._own(cells, deck) if c.kind == "code"}
        form = Form(key[:16], own, self._anew) if own else Form(DECK)
        answer = self._session.ask(replace(question, steps=(form, *question.steps), seconds=question.seconds + 60))
        return replace(answer, at=answer.at - 1 if answer.at else answer.at)

    def _own(self, cells: Sequence[Cell], deck: Sequence[Cell]) -> Sequence[Cell]:
        """What is run for a form: cells that differ, and where objects are asked that later cells made, those too."""
        if self._anew:
            return differing(cells, deck)
        return not_in(cells, {cell.source for cell in deck})

    def _insist(self, runs: Sequence[CellRun], cells: Sequence[Cell]) -> None:
        """Raises OurFault, every time it is asked, where the notebook of the model answer does not run."""
        for run in runs:
            if run.status is not CellStatus.OK:
                source = next(c.source for c in cells if c.index == run.index)
                told = f"{run.trouble.kind}: {run.trouble.message}" if run.trouble else run.status
                raise OurFault(
                    f"reference/solutions/{self.name}.py: the model answer itself fails with {told} in the cell that "
                    f"begins with {source.strip().splitlines()[0]!r}. Fix it: submissions are compared with it."
                )

    def close(self) -> None:
        if self._session is not None:
            self._thread.submit(self._session.close).result()
        self._thread.shutdown()


def model_answers(batch: Batch) -> ModelAnswers:
    def setting(lab: str, slot: int) -> Setting:
        rubric = batch.rubrics[lab]
        return Setting(
            slot=slot,
            data=shown(batch.data, form_cells(lab, DECK, ()), lambda sentence: None),
            limits=Limits(rubric.deadline, rubric.deadline, batch.memory),
            budget=TrainBudget(TrainPolicy.NONE),
            seed=kernel_seed(batch.seed),
            isolation=batch.isolation,
            environment=rubric.head.environment,
            broken_off=batch.broken_off,
            forms=True,
        )

    key = keys.digest(batch.data_key, str(batch.seed), keys.of_code(keys.RUNS_BY), *keys.ENVIRONMENT)
    anew = {lab for lab, r in batch.rubrics.items() if r.subject is None or r.subject.kind is SubjectKind.KERAS}
    return ModelAnswers(setting, anew, batch.store, key)


def form_cells(lab: str, form: str, sizes: tuple[tuple[int, int], ...]) -> tuple[Cell, ...]:
    edits = load_edits(lab)
    variants = edits.accepted | edits.mistakes
    if form in variants:
        notebook = edited(lab, variants[form].edits)
    else:
        notebook = starter(lab) if form == STARTER else solution(lab)
    cells = read_notebook(PurePath(f"{lab}.ipynb"), as_json(notebook).encode()).cells
    if not sizes:
        return cells
    return tuple(replace(c, source=resized(c.source, dict(sizes))) if c.kind == "code" else c for c in cells)


def resized(source: str, sizes: Sizes) -> str:
    """With other numbers where a size is written: resized("d = 24", {24: 16}) is "d = 16"."""
    numbers = {str(old): str(new) for old, new in sizes.items()}
    lines = source.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source)).readline))
    except (tokenize.TokenError, SyntaxError):
        return source
    for token in reversed(tokens):
        if token.type == tokenize.NUMBER and token.string in numbers:
            (row, start), (_, end) = token.start, token.end
            line = lines[row - 1]
            lines[row - 1] = line[:start] + numbers[token.string] + line[end:]
    return "".join(lines)


def not_in(cells: Sequence[Cell], deck: Collection[str]) -> Sequence[Cell]:
    """Those the model answer has not; and those it has that define anew what one of these defined before."""
    found: list[Cell] = []
    defined: set[str] = set()
    for cell in cells:
        if cell.source not in deck:
            defined |= definitions(cell)
            found.append(cell)
        elif defined & definitions(cell):
            found.append(cell)
    return found


def definitions(cell: Cell) -> set[str]:
    """Names of functions and classes."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for _, tree in trees([cell]) for node in tree.body if isinstance(node, kinds)}


def differing(cells: Sequence[Cell], deck: Sequence[Cell]) -> Sequence[Cell]:
    """From the first cell on that is not the model answer's."""
    same = 0
    while same < min(len(cells), len(deck)) and cells[same] == deck[same]:
        same += 1
    return cells[same:] if same < len(cells) or len(cells) != len(deck) else ()
