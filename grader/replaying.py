"""A notebook's answers, kept as they come and given again later, so that a changed rubric needs no second run."""

import time
from collections import Counter
from collections.abc import Callable

from grader import keys
from grader.model import Observation, Status
from grader.sandbox.guest.wire import Question
from grader.sandbox.session import Session
from grader.store import Store

Ask = Callable[[Question], Observation]
Answers = dict[str, Observation]  # by the question and how often it was asked before


def asking(session: Session, end: float, answers: Answers) -> Ask:
    """Questions until the submission's time is over; later ones are late without being asked. All answers are kept."""

    asked: Counter[str] = Counter()

    def ask(question: Question) -> Observation:
        answer = session.ask(question) if time.monotonic() < end else Observation(question.id, Status.LATE)
        answers[nth(question, asked)] = answer
        return answer

    return ask


class Replay:
    """Answers a notebook gave before. What it was never asked counts as late, and `complete` is lost."""

    def __init__(self, store: Store, run: str) -> None:
        self._store, self._run = store, run
        self._asked: Counter[str] = Counter()
        self.complete = True

    def __call__(self, question: Question) -> Observation:
        answer = self._store.answer(self._run, nth(question, self._asked))
        self.complete &= answer is not None
        return answer or Observation(question.id, Status.LATE)


def nth(question: Question, asked: Counter[str]) -> str:
    """The question, and how often it was asked before."""
    word = keys.of_question(question)
    asked[word] += 1
    return f"{word} {asked[word]}"
