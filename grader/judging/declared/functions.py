"""Plain functions: called with secret arguments, and differentiated where the lab asks for it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, permutations
from typing import Any

from msgspec import Struct

from grader.course.subject import FunctionCall, Subject
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.declared.arguments import drawn, wired
from grader.judging.declared.cuts import likeness
from grader.judging.declared.interview import YES, Interview, Wanted, ending, form_examiner, runs, saying
from grader.judging.declared.readings import Fact, Reading, agrees
from grader.judging.declared.results import result_facts, shapes_asked
from grader.judging.declared.traits import trait_facts
from grader.judging.examiner import Examiner
from grader.judging.model_answer import DECK, ModelAnswer
from grader.model import Level, Observation, Remark, Status
from grader.sandbox.guest.wire import Call, FunctionInfo, Gradient, Inventory

WAYS = (("tensor", False), ("numpy", False), ("numpy", True), ("tensor", True), ("list", False))  # to pass numbers
PLAIN = WAYS[:2]
ORDERS = 6  # of arguments that are tried
SECONDS = 20.0


class Meant(Struct, frozen=True):
    """Which of a notebook's functions is the one asked for, and where it takes each of our arguments."""

    name: str
    order: tuple[int, ...]  # of the call with the most; others leave out the last ones
    cell: int | None = None

    def places(self, count: int) -> list[int]:
        return [place for place in self.order if place < count]


def interview_functions(x: Examiner, subject: Subject, answer: ModelAnswer, wanted: Wanted) -> Interview:
    deck_x = form_examiner(x, answer, DECK)
    deck: dict[str, Fact] = {}
    for name, call in subject.calls.items():
        deck |= facts_of(deck_x, name, call, Meant(call.function, tuple(range(len(call.arguments)))), {})
    survey = deck_x.survey()
    spelled = {info.name: names_of(info) for info in survey.functions} if survey else {}

    @cache
    def of_form(form: str) -> Reading:
        return reading(form_examiner(x, answer, form), subject, deck, spelled)[0] if form != DECK else deck

    seen, meant = reading(x, subject, deck, spelled)
    functions = dict.fromkeys(call.function for call in subject.calls.values())
    lost = [name for name in functions if name not in meant]
    for name, call in subject.calls.items():
        if call.function in lost:
            seen[f"{name}: runs"] = Fact(Level.RUNS, f"the function `{call.function}`", "is missing", part=name)
    cells = [one.cell for one in meant.values() if one.cell is not None]
    return Interview(
        seen,
        of_form,
        cell=cells[0] if cells else None,
        missing=f"There is no function `{'`, `'.join(lost)}`." if len(lost) == len(functions) else "",
        remarks=tuple(renamed(meant)),
    )


def renamed(meant: Mapping[str, Meant]) -> Iterator[Remark]:
    for name, one in meant.items():
        if one.name != name:
            yield Remark("other-name", f"Your `{one.name}` was taken for `{name}`: it does what that one should.")
        elif list(one.order) != sorted(one.order):
            yield Remark("other-order", f"`{name}` takes its arguments in another order than the lab has them.")


def names_of(info: FunctionInfo) -> tuple[str, ...]:
    return tuple(parameter.name for parameter in info.parameters)


def reading(
    x: Examiner, subject: Subject, deck: Reading, spelled: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, Fact], Mapping[str, Meant]]:
    """Each function is the one of its name; where that is absent or wrong, another that does what it should.

    `spelled`: the names of the parameters in the model answer.
    """
    survey = x.survey()
    if survey is None:
        return {}, {}
    found: dict[str, Fact] = {}
    meant: dict[str, Meant] = {}
    for function in dict.fromkeys(call.function for call in subject.calls.values()):
        calls = {name: call for name, call in subject.calls.items() if call.function == function}
        best: tuple[int, Meant, dict[str, Fact]] | None = None
        taken = {one.name for one in meant.values()} | {call.function for call in subject.calls.values()} - {function}
        counts = {len(call.arguments) for call in calls.values()}
        for one in candidates(survey, function, counts, taken, spelled.get(function, ())):
            asked = (facts_of(x, name, call, one, deck) for name, call in calls.items())
            facts = {key: fact for found_of_call in asked for key, fact in found_of_call.items()}
            right = [key for key in facts if key in deck and agrees(facts[key], deck[key])]
            values = sum(deck[key].level is Level.VALUES for key in right)
            if best is None or values > best[0]:
                best = values, one, facts
            if one.name == function and fits(facts, deck):  # whatever it computes, it takes them in this order
                break
        if best is not None and (best[0] or best[1].name == function):
            meant[function], found = best[1], found | best[2]
    return found, meant


def named(deck: Reading, name: str) -> bool:
    names = deck.get(f"{name}: names")
    return names is not None and names.asked


def fits(facts: Reading, deck: Reading) -> bool:
    """Whether everything ends, and in results of the right shape."""
    plain = (Level.RUNS, Level.SHAPES)
    return all(key in deck and agrees(fact, deck[key]) for key, fact in facts.items() if fact.level in plain)


def candidates(
    survey: Inventory, function: str, counts: Collection[int], taken: Collection[str], spelled: Sequence[str]
) -> Iterator[Meant]:
    """The function of that name first, then others that may take so many arguments; each in the lab's order first.

    Of those the most alike in name come first, then the last ones; none that is `taken` for another. Names of
    parameters that are those of the model answer, `spelled`, tell their order: then none is guessed.
    """
    named = [f for f in survey.functions if f.name == function]
    others = [f for f in survey.functions if f.name != function and f.name not in taken and takes(f, counts)]
    others = sorted(reversed(others), key=lambda f: -likeness(function, f.name))
    for info in (*named, *others):
        for order in orders(names_of(info), spelled[: max(counts)], max(counts), ORDERS if info in named else 1):
            yield Meant(info.name, order, info.cell)


def orders(own: Sequence[str], spelled: Sequence[str], count: int, most: int) -> Iterator[tuple[int, ...]]:
    if spelled and set(spelled) <= set(own[:count]):
        yield tuple(spelled.index(name) for name in own[:count])
    else:
        yield from islice(permutations(range(count)), most)


def takes(info: FunctionInfo, counts: Collection[int]) -> bool:
    return sum(p.required for p in info.parameters) <= min(counts) and max(counts) <= len(info.parameters)


def facts_of(x: Examiner, name: str, call: FunctionCall, meant: Meant, deck: Reading) -> dict[str, Fact]:
    """`deck`: what the model answer says; empty for itself."""
    arguments = drawn(x, name, call.arguments)
    seen, way = answered(x, name, call, arguments, meant, deck)
    calling = f"calling `{call.function}`"
    if seen.status is not Status.ANSWERED:
        return {f"{name}: runs": runs(calling, seen.trouble, name, whole=False)}
    found = {f"{name}: runs": Fact(Level.RUNS, calling, YES, part=name), **returned(seen, name, call, deck)}
    if call.traits and meant.order:
        found |= dict(trait_facts(x, name, call, (meant.name, arguments[meant.order[0]]), seen))
    for place in call.gradient:
        told = f"the gradient of `{call.function}` in its argument {place}"
        value, shown = gradient(x, name, arguments, meant, place - 1, way)
        found[f"{name}: gradient {place}"] = Fact(Level.GRADIENTS, told, value, part=name, shown=shown)
    return found


def returned(seen: Observation, name: str, call: FunctionCall, deck: Reading) -> dict[str, Fact]:
    by_name = not deck or named(deck, name)
    asked = shapes_asked(name, deck)
    return dict(result_facts(name, call.function, seen.values.get("value"), by_name, asked))


def answered(
    x: Examiner, name: str, call: FunctionCall, arguments: Sequence[Any], meant: Meant, deck: Reading
) -> tuple[Observation, tuple[str, bool]]:
    """In the first way to pass numbers that the function takes; of tensors and arrays in that in which it is right.

    A tensor times a complex number of NumPy is real, for instance, and nothing is raised.
    """
    ended: list[tuple[int, Observation, tuple[str, bool]]] = []
    raised: list[tuple[int, Observation, tuple[str, bool]]] = []
    for way in WAYS:
        given = tuple(wired(arguments[place], *way) for place in meant.places(len(arguments)))
        seen = x.ask(f"{name}.{meant.name}", Call(meant.name, given, {}, "value"), seconds=SECONDS)
        if seen.status is Status.RAISED:
            raised.append((0, seen, way))
            continue
        facts = returned(seen, name, call, deck)
        right = sum(key in deck and agrees(fact, deck[key]) for key, fact in facts.items())
        ended.append((right, seen, way))
        if seen.status is not Status.ANSWERED or not deck or right == len(facts) or way not in PLAIN:
            break
    _, seen, way = max(ended or raised[:1], key=lambda one: one[0])
    return seen, way


def gradient(
    x: Examiner, name: str, arguments: Sequence[Any], meant: Meant, place: int, way: tuple[str, bool]
) -> tuple[Numbers | str, str]:
    """d sum(result) / d argument, or why there is none; and that as students read it."""
    given = [wired(value, "tensor", way[1]) for value in arguments]
    order = meant.places(len(arguments))
    others = [given[at] for at in order if at != place]
    at = order.index(place)
    step = Gradient(argument_first(meant.name, at), (given[place], *others), "gradient")
    seen = x.ask(f"{name}.{meant.name}.gradient", step, seconds=SECONDS)
    if seen.status is not Status.ANSWERED:
        return ending(seen.trouble), f"is not there, since it {saying(seen.trouble)}"
    found = array(seen.values.get("gradient"))
    return (
        (found, "") if found is not None else ("is not there: TensorFlow does not see how the result comes of it", "")
    )


def argument_first(function: str, at: int) -> str:
    """An expression: the function with the argument at this place put before the others."""
    return f"(lambda first, *rest: {function}(*rest[:{at}], first, *rest[{at}:]))" if at else function
