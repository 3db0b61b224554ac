"""The rule: right when a reading equals an accepted one; a mistake is named when it equals a mutant's and no right one.

A mutant is the model answer with one mistake in it, so that all checks but those the mistake belongs to would pass it.
What such a check sees of the mistake elsewhere is no second mistake: it passes, and the first one costs what it costs.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from grader.course.rubric import CheckRule, Rubric
from grader.course.subject import SubjectKind
from grader.judging.checks import blocked, failed, passed, unsure
from grader.judging.comparing.compare import NEARER
from grader.judging.declared.interview import YES, Interview
from grader.judging.declared.readings import (
    FORWARD,
    INCOMPARABLE,
    Fact,
    Reading,
    agrees,
    alike,
    first_difference,
    gap,
    unlikeness,
)
from grader.judging.model_answer import DECK, ModelAnswer, mistake_of
from grader.model import Finding, Level, Verdict


class Case(Struct, frozen=True):
    """One check of one notebook."""

    check: CheckRule
    rubric: Rubric
    interview: Interview
    answer: ModelAnswer
    alone: bool = False  # without what follows from the forward pass

    @property
    def keys(self) -> tuple[str, ...]:
        return self.of(self.interview.forms(DECK))

    def of(self, reading: Reading) -> tuple[str, ...]:
        keys = keys_of(self.check, reading)
        return tuple(key for key in keys if not (self.alone and reading[key].follows))

    def shows(self, form: str) -> bool:
        """Whether the notebook answers as this form does, in something at least that both say."""
        theirs, seen = self.interview.forms(form), self.interview.reading
        keys = [*self.keys, *self.of(theirs)]
        return any(key in theirs and key in seen for key in keys) and alike(seen, theirs, keys)

    @property
    def own_mistakes(self) -> list[str]:
        """Forms whose mistake the rubric looks for in this check."""
        rules = self.rubric.mistakes
        return [f for f in self.answer.mistakes if (r := rules.get(mistake_of(f))) and self.check.id in r.checks]


def keys_of(check: CheckRule, reading: Reading) -> tuple[str, ...]:
    """The facts a check looks at: those of its level, and of the parts it names."""
    return tuple(
        key
        for key, fact in reading.items()
        if fact.asked and fact.level is check.level and (not check.of or fact.part in check.of or key in check.of)
    )


def judged(case: Case) -> Finding:
    interview, keys = case.interview, case.keys
    deck = interview.forms(DECK)
    if not keys:
        parts = sorted({fact.part for fact in deck.values() if fact.level is case.check.level})
        return unsure(
            f"The model answer shows nothing for the check {case.check.id!r} to look at ({', '.join(parts)})."
        )
    if alike(interview.reading, deck, keys):
        return passed()
    if blank := next((deck[key] for key in keys if is_word(deck[key]) and deck[key].value == INCOMPARABLE), None):
        return unsure(
            f"In the model answer {blank.told} {INCOMPARABLE}, and cannot be compared. Your instructor will look at it."
        )
    if interview.missing:
        return failed(interview.missing)
    if interview.in_words:
        return stopped(case) or told_in_words(case)
    return stopped(case) or explained(case) or by_itself(case) or call_by_call(case) or unexplained(case)


def call_by_call(case: Case) -> Finding | None:
    """Functions are independent of each other: of each part of a check another form may be that which explains it.

    Of several mistakes the one is named that costs the most.
    """
    deck, rules = case.interview.forms(DECK), case.rubric.mistakes
    parts = dict.fromkeys(deck[key].part for key in case.keys)
    subject = case.rubric.subject
    if subject is None or subject.kind is not SubjectKind.FUNCTION or len(parts) < 2:
        return None
    each = [judged(replace(case, check=replace(case.check, of=(part,)))) for part in parts]
    wrong = [found for found in each if found.verdict is not Verdict.PASS]
    if any(found.mistake is None for found in wrong):
        return None
    return min(wrong, key=lambda found: rules[found.mistake or ""].credit) if wrong else passed()


def told_in_words(case: Case) -> Finding:
    """A word that differs is named where it is that of one mistake; else the numbers would have to be seen."""
    interview, deck = case.interview, case.interview.forms(DECK)
    words = tuple(key for key in case.keys if isinstance(deck[key].value, str))
    forms = (interview.forms(form) for form in (DECK, *case.answer.accepted))
    right = (form for form in forms if set(words) <= set(form))
    if any(alike(interview.reading, form, words) for form in right):
        return passed() if len(words) == len(case.keys) else unsure(interview.open)
    mistakes = [form for form in case.own_mistakes if interview.differs(form, words)]
    same = [form for form in mistakes if alike(interview.reading, interview.forms(form), words)]
    slugs = set(map(mistake_of, same)) or set(partly(case, mistakes, words))
    return failed(mistake=slugs.pop(), cell=interview.cell) if len(slugs) == 1 else unsure(interview.open)


def stopped(case: Case) -> Finding | None:
    """Where what has to be asked does not run: the mistake that ends alike, if it is of this check; else told once."""
    seen = case.interview.reading
    for fact in not_running(seen, case):
        mistakes = ending_alike(case, fact)
        if len(mistakes) == 1:
            return failed(mistake=mistakes.pop(), seen=fact.shown or str(fact.value), cell=case.interview.cell)
        if mistakes and case.check.level is Level.RUNS:
            return unexplained(case)
        if case.check.level is not Level.RUNS:
            return blocked(f"Not checked because {fact.told} {fact.shown or fact.value}.")
    return None


def ending_alike(case: Case, fact: Fact) -> set[str]:
    """The mistakes of this check that end so; of several, the one whose end has the same numbers too."""
    ends = [(form, other) for form in case.own_mistakes for other in case.interview.forms(form).values()]
    found = [(mistake_of(form), other) for form, other in ends if same_end(fact, other)]
    same = {mistake for mistake, other in found if other.shown == fact.shown}
    return same if len(same) == 1 else {mistake for mistake, _ in found}


def not_running(seen: Reading, case: Case) -> Iterator[Fact]:
    lacking = {case.interview.forms(DECK)[key].part for key in case.keys if key not in seen}
    for fact in seen.values():
        if fact.level is Level.RUNS and fact.value != YES:
            if case.check.level is Level.RUNS or (lacking and (fact.part in lacking or fact.whole)):
                yield fact


def same_end(one: Fact, other: Fact) -> bool:
    return other.level is Level.RUNS and other.part == one.part and other.value == one.value


def explained(case: Case) -> Finding | None:
    apart = {form for form in case.answer.names if case.interview.differs(form, case.keys)}
    for form in case.answer.accepted:
        if form in apart and case.shows(form):
            return passed()
    if reason := undecided(case):
        return unsure(reason)
    own = [form for form in case.own_mistakes if form in apart]
    if likely := likeliest(case, own):
        return failed(mistake=mistake_of(likely), cell=case.interview.cell)
    if mistake := next(partly(case, own, case.keys), None):
        return failed(mistake=mistake, cell=case.interview.cell)
    if case.check.level is Level.RUNS:
        return None
    elsewhere = (form for form in case.answer.mistakes if form in apart and form not in case.own_mistakes)
    return passed() if any(map(case.shows, elsewhere)) else None


def likeliest(case: Case, forms: Sequence[str]) -> str | None:
    """One that shows as the notebook does; of several, such as lack the same variable, one that computes the same.

    Of several that drop units it is the one whose outputs are spread most alike.
    """
    deck, seen = case.interview.forms(DECK), case.interview.reading
    shown = [f for f in forms if case.shows(f) and not alike(case.interview.forms(f), deck, case.keys)]
    of_one = len(set(map(mistake_of, shown))) < 2
    alike_too = [f for f in shown if of_one or forward_is_right(seen, case.interview.forms(f))] or shown

    def unlike(form: str) -> float:
        theirs = case.interview.forms(form)
        return max((unlikeness(seen.get(key), theirs.get(key)) for key in case.keys), default=0.0)

    return alike_too[0] if of_one and shown else min(alike_too, key=unlike, default=None)


def partly(case: Case, forms: Sequence[str], keys: Sequence[str]) -> Iterator[str]:
    """Mistakes of which the notebook has made a part, or several ways to make it at once.

    All that differs are words, each of which one of its forms has as well.
    """
    deck, seen = case.interview.forms(DECK), case.interview.reading
    wrong = [key for key in keys if not agrees(seen.get(key), deck[key])]
    if not wrong or not all(key in seen and is_word(seen[key]) and is_word(deck[key]) for key in wrong):
        return
    for ways in (*((form,) for form in forms), *by_mistake(forms)):
        theirs = [case.interview.forms(form) for form in ways]
        if all(any(key in one and agrees(seen[key], one[key]) for one in theirs) for key in wrong):
            yield mistake_of(ways[0])


def is_word(fact: Fact) -> bool:
    return isinstance(fact.value, str)


def by_mistake(forms: Sequence[str]) -> list[tuple[str, ...]]:
    """The ways to make each mistake."""
    mistakes = dict.fromkeys(map(mistake_of, forms))
    return [tuple(form for form in forms if mistake_of(form) == mistake) for mistake in mistakes]


def by_itself(case: Case) -> Finding | None:
    """Where the forward pass is another one: what does not follow from it is judged, and nothing else."""
    deck, seen = case.interview.forms(DECK), case.interview.reading
    if case.alone or not any(deck[key].follows for key in case.keys) or forward_is_right(seen, deck):
        return None
    narrowed = replace(case, alone=True)
    if not narrowed.keys:
        return blocked("Not checked because what the forward pass computes has to be right first.")
    if not alike(seen, deck, narrowed.keys):
        return explained(narrowed) or unexplained(narrowed)
    # The forward pass of a known mistake has a right dropout and right gradients too, and these are others.
    known = (f for f in case.answer.mistakes if case.interview.differs(f, FORWARD))
    return unexplained(case) if any(forward_is_right(seen, case.interview.forms(f)) for f in known) else passed()


def forward_is_right(seen: Reading, deck: Reading) -> bool:
    shown = [key for key in FORWARD if key in deck]
    return bool(shown) and all(agrees(seen.get(key), deck[key]) for key in shown)


def unseen(case: Case) -> str | None:
    """A form that is right, computes what the notebook does, and shows as little of what is looked at: nothing."""
    seen = case.interview.reading
    if any(key in seen for key in case.keys):
        return None
    forms = {form: case.interview.forms(form) for form in case.answer.accepted}
    alike_too = (form for form, theirs in forms.items() if forward_is_right(seen, theirs) and not case.of(theirs))
    return next(alike_too, None)


def unexplained(case: Case) -> Finding:
    if case.interview.open:
        return unsure(case.interview.open)
    if case.check.level is Level.DROPOUT and not any(key in case.interview.reading for key in case.keys):
        return unsure("What your class drops could not be seen: no function of it gives a row for each example.")
    if reason := reason_for(case, lambda fact: fact.unknown):
        return unsure(reason)
    if form := unseen(case):
        return unsure(f"It could not be seen: your class is right in another way ({form}), which does not show it.")
    keys: Sequence[str] = case.keys
    sentence, difference = first_difference(case.interview.reading, case.interview.forms(DECK), keys)
    return failed(sentence, difference=difference, cell=case.interview.cell, closest=nearest_mistake(case))


def undecided(case: Case) -> str:
    """Why, where nothing but facts that are open differ; what follows from a wrong forward pass is left out later."""
    seen, deck = case.interview.reading, case.interview.forms(DECK)
    if any(deck[key].follows for key in case.keys) and not forward_is_right(seen, deck):
        return ""
    return reason_for(case, lambda fact: fact.open)


def reason_for(case: Case, reason: Callable[[Fact], str]) -> str:
    """The first, where every fact that differs has one."""
    seen, deck = case.interview.reading, case.interview.forms(DECK)
    wrong = [seen.get(key) for key in case.keys if not agrees(seen.get(key), deck[key])]
    reasons = [reason(fact) if fact is not None else "" for fact in wrong]
    return reasons[0] if reasons and all(reasons) else ""


def nearest_mistake(case: Case) -> str | None:
    """Of this check's own, that whose numbers come much nearer than those of the model answer."""
    deck = case.interview.forms(DECK)

    def far(form: str) -> float:
        theirs = case.interview.forms(form)
        gaps = (gap(case.interview.reading.get(key), theirs[key]) for key in case.keys if key in theirs)
        return max(gaps, default=float("inf"))

    forms = [form for form in case.own_mistakes if not alike(case.interview.forms(form), deck, case.keys)]
    best = min(forms, key=far, default=None)
    return mistake_of(best) if best is not None and far(best) < NEARER * far(DECK) else None
