"""The judge that every lab has unless it names another: it compares with what the model answer and its mutants say."""

import ast
from collections.abc import Callable

from msgspec.structs import replace

from grader.course.rubric import CheckRule, Rubric
from grader.course.subject import Subject, SubjectKind
from grader.judging.checks import blocked, manual, unsure
from grader.judging.declared.classifiers import interview_classifier
from grader.judging.declared.forms import Forms
from grader.judging.declared.functions import interview_functions
from grader.judging.declared.interview import Interview, Wanted, asked_once
from grader.judging.declared.keras_models import NOT_COMPILED, interview_keras
from grader.judging.declared.lessons import STEPS
from grader.judging.declared.outcomes import reached
from grader.judging.declared.readings import alike
from grader.judging.declared.rule import Case, judged
from grader.judging.declared.training import rows_of
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import falling
from grader.judging.meeting.source import definition, idle
from grader.judging.model_answer import DECK, STARTER, ModelAnswer
from grader.judging.unaskable import Unsealed
from grader.model import Finding, Level, Verdict
from grader.wording.counting import quantity

INTERVIEWS: dict[SubjectKind, Callable[[Examiner, Subject, ModelAnswer, Wanted], Interview]] = {
    SubjectKind.CLASSIFIER: interview_classifier,
    SubjectKind.FUNCTION: interview_functions,
    SubjectKind.KERAS: interview_keras,
}


def interviewed(x: Examiner, rubric: Rubric, answer: ModelAnswer) -> Interview:
    assert rubric.subject is not None
    wanted = wanted_by(rubric)
    found = INTERVIEWS[rubric.subject.kind](asked_once(x), rubric.subject, answer, wanted)
    if found.missing or not wanted(Level.OUTCOME):
        return found
    return replace(found, outcome=reached(x, rubric.subject, answer))


def everything_asked(x: Examiner, rubric: Rubric, answer: ModelAnswer) -> None:
    """Puts to the forms of a model answer whatever a notebook in the lab's own sizes may bring up; `x` asks one."""
    assert rubric.subject is not None
    if rubric.subject.kind is SubjectKind.CLASSIFIER:
        forms = Forms(asked_once(x), rubric.subject, answer, wanted_by(rubric), rows_of(rubric.subject))
        forms.ask_everything()
        return
    interview = interviewed(x, rubric, answer)
    for form in (STARTER, DECK, *answer.names):
        interview.forms(form)


def wanted_by(rubric: Rubric) -> Wanted:
    """What some check looks at; nothing else has to be asked."""

    def wanted(level: Level, part: str = "") -> bool:
        return any(check.level is level and (not check.of or not part or part in check.of) for check in rubric.checks)

    return wanted


def finding(check: CheckRule, rubric: Rubric, interview: Interview, answer: ModelAnswer) -> Finding:
    if check.level is Level.LEARNS and not check.of:
        return blocked(interview.missing) if interview.missing else learns(interview)
    if check.level is Level.OUTCOME:
        return interview.outcome or blocked(interview.missing)
    if check.level is Level.MANUAL:
        return manual("Your instructor will read this one.")
    return judged(Case(check, rubric, interview, answer))


def learns(interview: Interview) -> Finding:
    """Not charged again where training stops, nor held against a class that ends it by itself, as by early stopping."""
    found, learning = falling(interview.learning, interview.cell), interview.learning
    if found.verdict is Verdict.PASS or learning is None or len(learning.losses) >= STEPS:
        return found
    after = quantity(len(learning.losses), "step")
    if learning.trouble is not None and learning.trouble.kind == NOT_COMPILED:
        return blocked(f"Not checked because {learning.trouble.message}.")
    if learning.trouble is not None:
        stop = f"{learning.trouble.kind}: {learning.trouble.message[:200]}"
        return blocked(f"Not checked because its training stops after {after} with {stop}")
    if len(learning.losses) > 1 and learning.losses[-1] < learning.losses[0]:
        return unsure(f"Your training ends by itself after {after}; not decided.")
    return found


def unattempted(x: Examiner, rubric: Rubric, interview: Interview) -> bool:
    """It answers as what students are given does, which is not what the model answer does, and does nothing besides.

    In sizes of its own, for which there are no answers, somebody has done something.
    """
    try:
        given, deck = interview.forms(STARTER), interview.forms(DECK)
    except Unsealed:
        return False
    keys = (*interview.reading, *given)
    subject = rubric.subject
    asked = (*(call.function for call in subject.calls.values()), subject.build) if subject else ()
    written = [definition(x.cells, name) for name in asked]
    if any(isinstance(found[1], ast.FunctionDef) and not idle(found[1]) for found in written if found is not None):
        return False
    return alike(interview.reading, given, keys) and not alike(interview.reading, deck, tuple(deck))
