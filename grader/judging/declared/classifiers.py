"""Classes with variables of their own: which class it is, which of its variables is what, what it computes."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice

from msgspec import Struct
from msgspec.structs import replace

from grader.course.subject import Subject
from grader.judging.checks import NO_CLASS, extra
from grader.judging.declared.bindings import Binding, Solver, bindings
from grader.judging.declared.classifier_facts import broken, forward, masked, predicted, read, running
from grader.judging.declared.extras import Extended, extras
from grader.judging.declared.feeding import orders_alike
from grader.judging.declared.forms import TRIED, Forms, even_gradients
from grader.judging.declared.identified import Gradients, even_values, identified
from grader.judging.declared.interview import YES, Interview, Wanted, own_sizes
from grader.judging.declared.lessons import learned
from grader.judging.declared.narrowed import all_narrowed
from grader.judging.declared.readings import FORWARD, Reading, agrees, computes
from grader.judging.declared.scene import Scene, Task
from grader.judging.declared.training import Trainee, rows_of, trainees
from grader.judging.declared.words import beyond, interview_in_words, unmatched
from grader.judging.examiner import Examiner
from grader.judging.meeting.watching import first_gradients
from grader.judging.model_answer import DECK, ModelAnswer, mistake_of
from grader.judging.unaskable import Unsealed
from grader.model import Level, Remark

UNMADE = (
    "Your class needs arguments, and none could be found with which one can be made and trained. Make one in a cell "
    "of its own, train it, and check again."
)
MORE = "more-than-asked"  # the remark on a class that is right and holds more


def interview_classifier(x: Examiner, subject: Subject, answer: ModelAnswer, wanted: Wanted) -> Interview:
    made: dict[tuple[str, str, int], Forms] = {}

    def sized(spelled: Subject, rows: int = 0) -> Forms:
        """In sizes of the notebook, where no others can be asked of it."""
        plain = replace(spelled, own=subject.own, input=in_order(spelled, subject), labels=subject.labels)
        key = repr(plain.input), repr(plain.arguments), rows or rows_of(plain)
        if key not in made:
            made[key] = Forms(x, plain, answer, wanted, rows)
        return made[key]

    best: Interview | None = None
    shown: Trainee | None = None
    for one in chain.from_iterable(trainees(x, way) for way in orders_alike(subject)):
        try:
            found = interview_class(Pupil(x, one), sized(one.subject, one.rows))
        except Unsealed as unknown:
            found = replace(interview_in_words(x, one, subject, sized(subject)), open=str(unknown))
        if best is None or rank(found) > rank(best):
            best, shown = found, one
        if rank(best) == 3:
            break
    if best is not None and shown is not None:
        return replace(best, learning=learned(x, in_own_sizes(x, shown)) if wanted(Level.LEARNS) else None)
    return Interview(
        {}, partial(sized(subject).reading, binding=Binding({}, {}, sized(subject).task.roles)), missing=NO_CLASS
    )


def in_order(spelled: Subject, subject: Subject) -> str | dict[str, str]:
    """The inputs as the lab takes them, whatever their order in the notebook."""
    own = spelled.input
    return {name: own[name] for name in subject.spelled} if isinstance(own, dict) else own


def in_own_sizes(x: Examiner, one: Trainee) -> Trainee:
    """The same class in the notebook's sizes: its start values and its learning rate are made for them."""
    plain = trainees(x, replace(one.subject, own={})) if one.subject.own else iter(())
    return next((other for other in plain if other.info == one.info and other.works), one)


def rank(found: Interview) -> int:
    """How much of the work a class shows, where a notebook has several; one that is no more than asked comes first."""
    deck = found.forms(DECK)
    runs = found.reading.get("step")
    right = [key for key in FORWARD if key in deck and agrees(found.reading.get(key), deck[key])]
    more = any(remark.id == MORE for remark in found.remarks)
    return (runs is not None and runs.value == YES) + len(right) - more


class Pupil(Struct, frozen=True):
    """A class of a notebook, before it is known which of its variables is what."""

    x: Examiner
    one: Trainee
    masked: bool = False  # no two steps of training compute the same: a mask of its own, that nothing here silences

    def seen_as(self, binding: Binding, task: Task) -> Scene:
        return Scene(self.x, task, self.one, binding)


def interview_class(pupil: Pupil, forms: Forms) -> Interview:
    """Raises Unsealed where no way to see its variables explains it, and one could not be compared."""
    task, one = forms.task, pupil.one
    ways = list(islice(ways_of(pupil, forms), TRIED)) if one.works else []
    if not ways:
        return unbound(pupil, forms)
    if (less := without_idle(pupil, forms)) is not None:
        return less
    known = [way for way in ways if forms.knows(way)]
    binding, right = explained(pupil, known, forms) if known else (ways[0], False)
    if not right and known and masked(pupil.seen_as(binding, task)):
        pupil = replace(pupil, masked=True)
        binding, right = explained(pupil, known, forms)
    if not right and (more := with_extras(pupil, forms)) is not None:
        return more
    if not right and len(known) < len(ways):
        raise Unsealed
    readings = partial(forms.reading, binding=binding)
    seen = read(pupil.seen_as(binding, forms.task))
    if pupil.masked:
        seen = unmasked({**seen, **predicted(pupil.seen_as(binding, task))}, forms.reading(DECK, binding))
    if "output" not in seen:
        seen = with_output(seen, readings, forms.names)
    remarks = own_sizes("class", binding.sizes) if right else ()
    found = Interview(seen, readings, forms.differs, one.info.cell, remarks=remarks)
    return found if right else replace(found, open=beyond(pupil.one, binding))


def unbound(pupil: Pupil, forms: Forms) -> Interview:
    """Of a class that takes no step, has no variables, or none that could be those of the lab."""
    one, nothing = pupil.one, Binding({}, {}, forms.task.roles)
    as_it_is = partial(forms.reading, binding=nothing)
    if one.works and not one.variables:
        return Interview(read(pupil.seen_as(nothing, forms.task)), as_it_is, forms.differs, one.info.cell)
    reading = running(one) if one.works else {} if one.guessed else broken(one)
    found = Interview(reading, as_it_is, forms.differs, one.info.cell)
    return replace(found, open=unmatched(one) if one.works else UNMADE if one.guessed else "")


def ways_of(pupil: Pupil, forms: Forms) -> Iterator[Binding]:
    """To see the variables, the likeliest first; by answers in few sizes narrowed to these, as far as that goes."""
    variables = pupil.one.variables
    found = list(islice(bindings(forms.task.roles, forms.task.fixed, variables), TRIED))
    solver = Solver(forms.task.roles, frozenset(forms.task.fixed))
    small = all_narrowed(found, solver, variables) if forms.sealed else []
    yield from small or found


def with_extras(pupil: Pupil, forms: Forms) -> Interview | None:
    """By an accepted form that has more variables than the model answer, where one explains the class."""
    variables = pupil.one.variables
    for form, own in extras(forms, len(variables)):
        ways = [way for way in islice(ways_of(pupil, own), TRIED) if own.knows(way)]
        binding, right = explained(pupil, ways, own) if ways else (None, False)
        if binding is not None and right:
            known = Extended(forms, form, own, binding)
            seen = read(pupil.seen_as(binding, own.task))
            return Interview(seen, known.reading, known.differs, pupil.one.info.cell, remarks=(done_more(form),))
    return None


def without_idle(pupil: Pupil, forms: Forms) -> Interview | None:
    """By those of its variables alone that take part in the cost, or are trained at all, where these explain it.

    The others may be of an earlier attempt, or hold the momentum of each.
    """
    variables = pupil.one.variables
    gradients = first_gradients(pupil.one.watched) if pupil.one.watched else {}
    busy = tuple(v for v in variables if v.path not in gradients or gradients[v.path] is not None)
    trained = tuple(v for v in busy if v.path in gradients)
    for some in dict.fromkeys((busy, trained)):
        fewer = replace(pupil, one=replace(pupil.one, variables=some))
        ways = [way for way in islice(ways_of(fewer, forms), TRIED) if forms.knows(way)] if some != variables else []
        binding, right = explained(fewer, ways, forms) if ways else (None, False)
        if binding is not None and right:
            seen = read(fewer.seen_as(binding, forms.task))
            return Interview(seen, partial(forms.reading, binding=binding), forms.differs, pupil.one.info.cell)
    return None


def done_more(form: str) -> Remark:
    words = mistake_of(form).replace("-", " ")
    return extra(MORE, f"Your class has more than the lab asks for ({words}), and does that right too.")


def explained(pupil: Pupil, ways: Sequence[Binding], forms: Forms) -> tuple[Binding, bool]:
    """The first way to give variables to roles by which the class computes what a form does; whether a form does."""
    solver = Solver(forms.task.roles, frozenset(forms.task.fixed))
    alike: list[tuple[Binding, Gradients]] = []
    for way in ways:
        if is_form(pupil, way, DECK, forms):
            return way, True
        gradients = even_gradients(pupil.seen_as(way, forms.task))
        binding = by_gradients(pupil, way, gradients, DECK, forms, solver)
        if is_form(pupil, binding, DECK, forms):
            return binding, True
        alike.append((way, gradients))
    for form in (name for name in forms.names[1:] if forms.differs(name, FORWARD)):
        for way, gradients in alike[:2]:
            for binding in (way, by_gradients(pupil, way, gradients, form, forms, solver)):
                if is_form(pupil, binding, form, forms):
                    return binding, True
    return ways[0], False


def is_form(pupil: Pupil, binding: Binding, form: str, forms: Forms) -> bool:
    scene = pupil.seen_as(binding, forms.task)
    seen = predicted(scene) if pupil.masked else forward(scene)
    return computes(seen, forms.reading(form, binding))


def by_gradients(pupil: Pupil, way: Binding, gradients: Gradients, form: str, forms: Forms, solver: Solver) -> Binding:
    values = even_values(pupil.x, pupil.seen_as(way, forms.task).values, solver)
    return identified(way, solver, values, gradients, forms.gradients(form, way))


def unmasked(seen: Reading, deck: Reading) -> Reading:
    """What a mask of the class's own hides is not held against it: the gradients, and the cost; what it drops is."""
    hidden = {key for key, fact in deck.items() if key == "loss" or (fact.follows and fact.level is Level.GRADIENTS)}
    return {key: fact for key, fact in seen.items() if key not in hidden} | {key: deck[key] for key in hidden}


def with_output(seen: Reading, forms: Callable[[str], Reading], names: Sequence[str]) -> Reading:
    """Where no function of the class gives logits: those of the form whose loss and gradients it has."""
    keys = [key for key, fact in seen.items() if key == "loss" or fact.level is Level.GRADIENTS]
    for name in names if "loss" in keys else ():
        form = forms(name)
        if "output" in form and all(key in form and agrees(seen[key], form[key]) for key in keys):
            return {**seen, "output": form["output"]}
    return seen
