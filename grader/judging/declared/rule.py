"""The rule: right when a reading equals an accepted one; a mistake is named when it equals a mutant's and no right one."""

from collections.abc import Iterable, Sequence

from grader.course.rubric import CheckRule, MistakeRule
from grader.judging.checks import blocked, failed, passed, unsure
from grader.judging.declared.interview import YES, Interview
from grader.judging.declared.readings import Reading, alike, first_difference
from grader.judging.model_answer import DECK, ModelAnswer, mistake_of
from grader.model import Finding, Level


def keys_of(check: CheckRule, reading: Reading) -> tuple[str, ...]:
    """The facts a check looks at: those of its level, and of the parts it names."""
    return tuple(
        key
        for key, fact in reading.items()
        if fact.level is check.level and (not check.of or fact.part in check.of or key in check.of)
    )


def judged(check: CheckRule, mistakes: dict[str, MistakeRule], interview: Interview, answer: ModelAnswer) -> Finding:
    deck, seen = interview.forms(DECK), interview.reading
    keys = keys_of(check, deck)
    if not keys:
        return unsure(f"The model answer says nothing that the check {check.id!r} could look at.")
    if alike(seen, deck, keys):
        return passed()
    if interview.missing:
        return failed(interview.missing)
    if check.level is not Level.RUNS and (broken := stops(interview, deck, keys)):
        return broken
    for form in answer.accepted:
        if alike(seen, interview.forms(form), keys):
            return passed(seen=form)
    named = naming(check, mistakes, answer.mistakes)
    elsewhere = [f for f in answer.mistakes if f not in named] if any(key in seen for key in keys) else []
    for form in (*named, *elsewhere):
        theirs = interview.forms(form)
        if not any(key in theirs and key in seen for key in keys):
            continue
        if not alike(seen, theirs, [*keys, *keys_of(check, theirs)]):
            continue
        if form not in named:  # a mistake elsewhere shows here too, and costs what the rubric says, where it says so
            return passed(seen=form)
        if not alike(theirs, deck, keys):
            return failed(mistake=mistake_of(form), seen=form, cell=interview.cell)
    if interview.open:
        return unsure(interview.open)
    sentence, difference = first_difference(seen, deck, keys)
    return failed(sentence, difference=difference, cell=interview.cell)


def naming(check: CheckRule, mistakes: dict[str, MistakeRule], forms: Iterable[str]) -> list[str]:
    """Forms whose mistake the rubric looks for in this check."""
    return [f for f in forms if (rule := mistakes.get(mistake_of(f))) is not None and check.id in rule.checks]


def stops(interview: Interview, deck: Reading, keys: Sequence[str]) -> Finding | None:
    """Of facts that are missing since what has to be asked for them does not run: said once, by the check of that."""
    parts = {deck[key].part for key in keys if key not in interview.reading}
    for key, fact in interview.reading.items():
        if fact.level is Level.RUNS and fact.value != YES and ("" in parts or fact.part in parts or not fact.part):
            return blocked(f"Not checked because {fact.told} {fact.value}.") if key in deck else None
    return None
