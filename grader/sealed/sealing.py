"""Makes a sealed file: asks every form of the model answer all that a notebook may bring up, and keeps the replies.

Of a lab with a judge of its own, every form is judged, and what the judge asks the formulas meanwhile is kept.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.batch.model_answers import form_cells, model_answers
from grader.batch.preparing import batch_for
from grader.batch.shared import Batch
from grader.course.head import Head
from grader.course.rubric import CheckRule, Rubric
from grader.judging import formulas
from grader.judging.declared.judge import everything_asked
from grader.judging.examination import Examination, as_declared
from grader.judging.examiner import Examiner, no_formulas
from grader.judging.formulas import Answers, Formulas
from grader.judging.model_answer import DECK, Declared, ModelAnswer, Sizes, mistake_of
from grader.judging.oracle import Oracle
from grader.judging.own_judge import as_judged
from grader.model import Level, Observation, Outcome, Run, TrainBudget, TrainPolicy, Verdict
from grader.sandbox.guest.wire import Question, Trouble, VariableInfo, Watched
from grader.scoring.score import score
from grader.sealed.file import KEY, Replies, Sealed, key_of

ONLY_GRADED = (Level.OUTCOME, Level.MANUAL)  # levels that need the course's data, or a person
LONG = 20_000  # numbers: longer answers are sealed where the model answer needs them, not for other sizes and layouts
SEED = 0  # of sealed questions: no grading asks a notebook by it, and forms are asked by it anyway, as they are written


class Sealing:
    """A model answer whose replies are kept as they come."""

    def __init__(self, answer: ModelAnswer, with_distances: bool) -> None:
        """`with_distances`: how far a step moves variables, which is much to write, and little that a lab asks."""
        self._answer, self._with_distances = answer, with_distances
        self.answers: dict[bytes, int] = {}
        self.replies = Replies(exact=with_distances)

    def ask(self, form: str, sizes: Sizes, question: Question) -> Observation:
        seen = self._answer.ask(form, sizes, question)
        kept = without_source(seen if self._with_distances else without_distances(seen))
        self.answers[key_of(form, sizes, question)] = self.replies.add(kept)
        return seen


class KeptFormulas(Struct, frozen=True):
    """The formulas of `reference/`, whose answers are kept as they come."""

    oracle: Formulas
    replies: Replies
    answers: dict[bytes, int]
    longest: float = float("inf")  # answer that is kept, in numbers

    def __call__(self, lab: str, question: str, case: dict[str, Any]) -> Answers:
        told = self.oracle(lab, question, case)
        if sum(np.size(one) for outputs in told.values() for one in outputs.values()) <= self.longest:
            self.answers[formulas.key_of(lab, question, case)[:KEY]] = self.replies.add_answers(told)
        return told


def without_distances(seen: Observation) -> Observation:
    """Of what a step has moved only that it did: nobody asks how far, and nothing else of it is short to write."""
    return replace(seen, values={name: told_that(value) for name, value in seen.values.items()})


def without_source(seen: Observation) -> Observation:
    """Where something stopped, not the line of the model answer, or of a form, at which it did."""
    values = {
        name: replace(value, trouble=bare(value.trouble)) if isinstance(value, Watched) else value
        for name, value in seen.values.items()
    }
    return replace(seen, values=values, trouble=bare(seen.trouble))


def bare(trouble: Trouble | None) -> Trouble | None:
    return Trouble(trouble.kind, trouble.message) if trouble is not None else None


def told_that(value: Any) -> Any:
    """A step at which layers were built has other variables afterwards, and stays as it is."""
    if not isinstance(value, Watched) or [v.path for v in value.before] != [v.path for v in value.after]:
        return value
    return replace(value, after=tuple(map(moved, value.before, value.after)))


def moved(before: VariableInfo, after: VariableInfo) -> VariableInfo:
    """Zeros for other numbers than before, or ones where those were zeros."""
    one, other = before.value, after.value
    if one is None or other is None or one.data == other.data or other.dtype != "float32":
        return after
    plain = np.zeros(other.shape, np.float32) if any(one.data) else np.ones(other.shape, np.float32)
    return replace(after, value=replace(other, data=plain.tobytes()))


def sealed(labs: Sequence[str]) -> Iterator[tuple[str, Sealed]]:
    batch = batch_for(None, TrainPolicy.NONE, SEED)
    with model_answers(batch) as models, Oracle() as oracle:
        for lab in labs:
            yield lab, sealed_lab(batch.rubrics[lab], batch, models.of(lab), oracle)


def sealed_lab(rubric: Rubric, batch: Batch, whole: ModelAnswer, oracle: Formulas) -> Sealed:
    """Of a lab whose judge needs more than fixed questions, only which of its checks a grading asks."""
    if rubric.subject:
        return sealed_by_forms(rubric, batch, whole)
    if rubric.head.sealed:
        return sealed_by_formulas(rubric, batch, whole, oracle)
    return only_graded(rubric)


def sealed_by_formulas(rubric: Rubric, batch: Batch, whole: ModelAnswer, oracle: Formulas) -> Sealed:
    """By its own judge; of its checks those that the model answer passes when it is asked so."""
    asked = KeptFormulas(oracle, Replies(exact=False), {})
    shown = by_its_own_judge(rubric, formed(rubric, batch, whole, DECK, asked))
    public = public_part(rubric, [check.id for check in rubric.checks if check.public and is_asked(check)])
    others = (*whole.accepted, *(form for form in named_in(public, whole) if form == mistake_of(form)))
    for form in others if asked.answers else ():
        by_its_own_judge(rubric, formed(rubric, batch, whole, form, replace(asked, longest=LONG)))
    kept = public_part(rubric, [check.id for check in public.checks if shown[check.id] is Verdict.PASS])
    later, hidden = left_for_grading(rubric, [check.id for check in kept.checks])
    replies = asked.replies
    return Sealed(kept, batch.seed, (), (), hidden, later, asked.answers, replies.all, replies.arrays)


def is_asked(check: CheckRule) -> bool:
    """Not what only shows what the notebook's own training has led to, which earns nothing."""
    return check.level not in ONLY_GRADED and (check.points > 0 or check.level is not Level.LEARNS)


def only_graded(rubric: Rubric) -> Sealed:
    later, hidden = left_for_grading(rubric, ())
    return Sealed(public_part(rubric, ()), SEED, (), (), hidden, later, {}, (), ())


def left_for_grading(rubric: Rubric, sealed_ones: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Titles of public checks, and the number of hidden ones."""
    later = (check.title for check in rubric.checks if check.public and check.id not in sealed_ones)
    return tuple(later), sum(not check.public for check in rubric.checks)


def sealed_by_forms(rubric: Rubric, batch: Batch, whole: ModelAnswer) -> Sealed:
    first = public_part(rubric, [check.id for check in rubric.checks if check.public and is_asked(check)])
    accepted = whole.accepted
    sealing = Sealing(whole, with_distances=bool(rubric.subject and rubric.subject.steered))
    answer = ModelAnswer(accepted, named_in(first, whole), sealing.ask, sealed=True)
    shown = by_the_judge(examiner_of(first, batch, answer, whole))
    kept = public_part(rubric, [check for check, verdict in shown.items() if verdict is Verdict.PASS])
    mistakes = named_in(kept, whole)
    answer = ModelAnswer(accepted, mistakes, sealing.ask, sealed=True)
    everything_asked(examiner_of(kept, batch, answer, whole), kept, answer)
    later, hidden = left_for_grading(rubric, [check.id for check in kept.checks])
    replies = sealing.replies
    return Sealed(
        kept, batch.seed, accepted, mistakes, hidden, later, sealing.answers, replies.all, replies.arrays
    )  # fmt: skip


def named_in(rubric: Rubric, whole: ModelAnswer) -> tuple[str, ...]:
    return tuple(form for form in whole.mistakes if mistake_of(form) in rubric.mistakes)


def public_part(rubric: Rubric, checks: Sequence[str]) -> Rubric:
    """With these checks alone and the mistakes that are named in them; without the formulas of the slides."""
    rules = tuple(
        replace(check, needs=tuple(need for need in check.needs if need in checks), formula="", example="")
        for check in rubric.checks
        if check.id in checks
    )
    mistakes = {
        slug: replace(rule, check=tuple(c for c in rule.checks if c in checks), formula="", example="")
        for slug, rule in rubric.mistakes.items()
        if set(rule.checks) & set(checks)
    }
    subject = replace(rubric.subject, outcome=None) if rubric.subject else None
    judge = None if subject else rubric.head.judge
    head = Head(rubric.head.title, rubric.head.kind, judge, rubric.head.aliases)  # its clues show parts of answers
    return replace(rubric, head=head, checks=rules, mistakes=mistakes, subject=subject)


def examiner_of(rubric: Rubric, batch: Batch, answer: ModelAnswer, whole: ModelAnswer, form: str = DECK) -> Examiner:
    """Of a form that is asked as if a student had handed it in, and compared with `answer`."""
    return replace(formed(rubric, batch, whole, form, no_formulas), declared=Declared(rubric, answer))


def formed(rubric: Rubric, batch: Batch, whole: ModelAnswer, form: str, oracle: Formulas) -> Examiner:
    return Examiner(
        lab=rubric.lab,
        cells=form_cells(rubric.lab, form, ()),
        run=Run(Outcome.OK, batch.isolation),
        asking=whole.of(form, {}),
        oracle=oracle,
        seed=batch.seed,
        training=TrainBudget(TrainPolicy.NONE),
        head=rubric.head,
        sealed=True,
    )


def by_the_judge(x: Examiner) -> dict[str, Verdict]:
    assert x.declared is not None
    return verdicts(x.declared.rubric, as_declared(x, x.declared))


def by_its_own_judge(rubric: Rubric, x: Examiner) -> dict[str, Verdict]:
    return verdicts(rubric, as_judged(x, {}))


def verdicts(rubric: Rubric, examination: Examination) -> dict[str, Verdict]:
    return {check.id: check.verdict for check in score(rubric, examination.findings).checks}
