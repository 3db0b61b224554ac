"""A notebook's answers, kept as they come and given again later, so that only what is new has to be asked."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from grader.batch import keys
from grader.batch.store import Store
from grader.model import Observation, Run, Status
from grader.sandbox.guest.wire import Inventory, Question, Training

Ask = Callable[[Question], Observation]
Answers = dict[str, Observation]  # by the question and how often it was asked before
Asked = dict[str, Question]  # by their hash


class Live(Struct, frozen=True):
    """A notebook that has run in a kernel of its own, and how to ask it."""

    run: Run
    ask: Ask


class OwnTime(threading.local):
    """Seconds that a thread has spent on questions to model answers, which are not of a notebook's time."""

    seconds = 0.0

    @contextmanager
    def passing(self) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - begun


OWN_TIME = OwnTime()


def timely(ask: Ask, seconds: float) -> Ask:
    """Questions until the submission's time is over; later ones are not asked."""
    end = time.monotonic() + seconds - OWN_TIME.seconds

    def asked(question: Question) -> Observation:
        over = time.monotonic() >= end + OWN_TIME.seconds
        return Observation(question.id, Status.UNASKED) if over else ask(question)

    return asked


def recording(ask: Ask, answers: Answers, questions: Asked) -> Ask:
    """All that is asked is put among `questions` too, and what is answered among `answers`."""
    count: Counter[str] = Counter()

    def asked(question: Question) -> Observation:
        questions[keys.of_question(question)] = question
        return answers.setdefault(nth(question, count), ask(question))

    return asked


class Replay:
    """Answers a notebook gave before. What it was never asked it is asked now, in a kernel in which it runs again.

    Where it trains otherwise than before, answers of two trainings would be mixed: `changed` is true then, and what
    was judged by them is void.
    """

    def __init__(self, store: Store, run: str, wake: Callable[[], Live]) -> None:
        self._store, self._run, self._wake = store, run, wake
        self._count: Counter[str] = Counter()
        self._inventory: tuple[Question, Inventory] | None = None  # of what the notebook held then
        self._live: Live | None = None
        self.changed = False
        self.added: Answers = {}
        self.asked: Asked = {}  # what was answered by `added`

    def __call__(self, question: Question) -> Observation:
        name = nth(question, self._count)
        answer = self._store.answer(self._run, name)
        if answer is None:
            self.asked[keys.of_question(question)] = question
            answer = self.added[name] = self._asked_now(question)
        else:
            self._inventory = next(((question, i) for i in inventories(answer)), self._inventory)
        return answer

    def _asked_now(self, question: Question) -> Observation:
        if self._live is None:
            self._live = self._wake()
            self.changed = self._differs(self._live)
        return Observation(question.id, Status.UNASKED) if self.changed else self._live.ask(question)

    def _differs(self, live: Live) -> bool:
        before = self._store.run(self._run)
        if before is None or [c.status for c in before.cells] != [c.status for c in live.run.cells]:
            return True
        if self._inventory is None:  # nothing that was answered from what is kept depends on a training
            return False
        question, inventory = self._inventory
        return trainings(live.ask(question)) != [inventory.trainings]


def inventories(answer: Observation) -> list[Inventory]:
    return [value for value in answer.values.values() if isinstance(value, Inventory)]


def trainings(answer: Observation) -> list[tuple[Training, ...]]:
    return [inventory.trainings for inventory in inventories(answer)]


def nth(question: Question, asked: Counter[str]) -> str:
    """The question, and how often it was asked before."""
    word = keys.of_question(question)
    asked[word] += 1
    return f"{word} {asked[word]}"
