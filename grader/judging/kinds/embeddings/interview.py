"""Assignment 2: asks analogy, knn and determine_coefficient about secret words, then about the notebook's own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, array, number
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.kinds.embeddings import own as embeddings_own
from grader.judging.kinds.embeddings.asking import (
    NAMED_ROWS,
    NO_ROWS,
    PLAIN_ROWS,
    About,
    Asked,
    Form,
    K,
    accepted,
    asked,
    forms,
    shown_in,
)
from grader.judging.kinds.embeddings.own import Hits
from grader.judging.kinds.embeddings.tables import DECIMAL, TOKEN, Shown, explanation_of
from grader.judging.kinds.embeddings.vocabulary import Holders, Secret, held, put, secret, sent
from grader.judging.kinds.embeddings.written import Written, written
from grader.model import Observation, Status
from grader.sandbox.guest.wire import Call, FunctionInfo, Inventory, Listing

LAB = "a2_embeddings"
TRIPLES = ((0, 1, 2), (3, 4, 5), (6, 7, 8))  # rows a, b, c of our vocabulary
WHOLE = 3 * len(TRIPLES)  # what right tables are worth
UNKNOWN = "zzyzzx"

OF_TABLES = frozenset({"prints", "finishes", "ranks", "similarities", "vectors-kept", "unknown-word"})


class Coefficient(Struct, frozen=True):
    observation: Observation
    value: float | None
    answers: Answers


class Evidence(Struct, frozen=True):
    holders: Holders
    form: Form | None
    asked: tuple[Asked, ...] = ()  # about our words, one for each of TRIPLES
    own: tuple[Asked, ...] = ()  # about the notebook's words, where tables of ours were not right
    unknown: Observation | None = None
    begun: bool = False  # whether the function works with vectors at all, by its text
    knn: Asked | None = None
    coefficient: Coefficient | None = None
    analogies: Hits | None = None
    ranked: int | None = None  # so many of the notebook's own words are ranked, where later ones are left out
    lexicon: Hits | None = None
    written: Written = Written()
    unsealed: frozenset[str] = frozenset()  # checks that rest on answers which a sealed file does not hold

    @property
    def judged(self) -> tuple[Asked, ...]:
        """The tables of our words; of the notebook's own where the function works on nothing else."""
        ours, own = shown_in(self.asked), shown_in(self.own)
        whole = len(ours) == len(self.asked) and all(one.observation.status is Status.ANSWERED for one in self.asked)
        known = ranking_of(ours) is not None or accepted(turned(ours), order=True) is not None
        explained = known and (len(ours) == len(self.asked) or not accepted(own, order=True))
        return self.asked if whole or explained or not own else self.own

    @property
    def shown(self) -> tuple[Shown, ...]:
        return shown_in(self.judged)

    @property
    def of_single_words(self) -> bool:
        """Whether each call shows one word only, which is the best, or the best but for those of the question."""
        return bool(self.judged) and all(one.only_the_best for one in self.judged)

    @property
    def of_own_words(self) -> bool:
        return self.judged is self.own

    @property
    def out_of_reach(self) -> bool:
        """Whether the notebook may keep its vectors where we could put no others."""
        ended = all(one.observation.status is Status.ANSWERED for one in self.asked)
        return self.form is not None and not self.shown and not self.holders.size and ended


def turned(shown: Sequence[Shown]) -> list[Shown]:
    """The same tables from their last row to their first."""
    return [replace(one, rows=one.rows[::-1]) for one in shown]


def ranking_of(shown: Sequence[Shown]) -> str | None:
    """The explanation of their order, of the numbers too if one explains both."""
    return explanation_of(shown, order=True, numbers=True) or explanation_of(shown, order=True, numbers=False)


@interview(LAB)
def interview_notebook(x: Examiner) -> Evidence:
    survey = x.survey()
    if not isinstance(survey, Inventory):
        survey = Inventory((), (), {}, (), {}, (), ())
    holders = held(x, survey)
    ours = secret(x, holders)
    candidates = forms(survey.functions, x.cells, holders)
    form, found = best_form(x, holders, ours, candidates)
    functions = {f.name: f for f in survey.functions}
    evidence = Evidence(
        holders,
        form,
        found,
        unknown=ask_unknown(x, holders, ours, form) if form else None,
        begun=embeddings_own.works_with_vectors(x.cells, form.name, holders) if form else False,
        knn=ask_knn(x, holders, ours) if "knn" in functions else None,
        coefficient=ask_coefficient(x, holders, ours, functions.get("determine_coefficient")),
        written=written(x.cells, x.run.cells, holders.lists),
    )
    if x.sealed:
        return replace(evidence, unsealed=without_own_words(x, evidence))
    return about_own_words(x, evidence, candidates) if holders.size else evidence


def without_own_words(x: Examiner, e: Evidence) -> frozenset[str]:
    """A function without a table of our words may have one of the course's, of which a sealed file knows nothing."""
    if e.form is None or e.shown or not e.begun or embeddings_own.stops(x, e.holders, e.form):
        return frozenset()
    return OF_TABLES


def about_own_words(x: Examiner, e: Evidence, candidates: Sequence[Form]) -> Evidence:
    if worth(e.asked) < WHOLE:
        tried = [(form, embeddings_own.own_tables(x, e.holders, form)) for form in candidates]
        right = [(form, own) for form, own in tried if accepted(shown_in(own), order=True)]
        shown = [(form, own) for form, own in tried if own and form == e.form]
        for form, own in (right or shown)[:1]:
            e = replace(e, form=form, own=own)
    if e.form is not None and e.shown:
        hits = embeddings_own.question_file(x, e.holders, e.form)
        amiss = not e.of_own_words and (hits is None or hits.raised or hits.right + 1 < hits.possible)
        e = replace(e, analogies=hits, ranked=embeddings_own.ranked_part(x, e.holders, e.form) if amiss else None)
    if e.coefficient is not None and e.coefficient.value is not None:
        e = replace(e, lexicon=embeddings_own.lexicon(x, e.holders))
    return e


def best_form(
    x: Examiner, holders: Holders, ours: Secret, candidates: Sequence[Form]
) -> tuple[Form | None, tuple[Asked, ...]]:
    """The first that gives right tables, else the one that gives most of one."""
    given = [form for form in candidates if form.name == "analogy"]
    others = [replace(form, rows=rows) for rows in (PLAIN_ROWS, NAMED_ROWS) for form in given]
    best: tuple[Form | None, tuple[Asked, ...]] = (None, ())
    for form in (*candidates, *others):
        if form.rows == NAMED_ROWS and (worth(best[1]) or not any(stops_at_a_row(one) for one in best[1])):
            break
        found = ask_analogies(x, holders, ours, form)
        if best[0] is None or worth(found) > worth(best[1]):
            best = form, found
        if worth(found) == WHOLE:
            break
    return best


def stops_at_a_row(one: Asked) -> bool:
    trouble = one.observation.trouble
    return trouble is not None and trouble.kind in ("TypeError", "IndexError", "KeyError")


def worth(found: tuple[Asked, ...]) -> int:
    """How much of the tables is there and right."""
    return sum(2 * bool(accepted([one.shown], order=True)) + 1 if one.shown else 0 for one in found)


def ask_analogies(x: Examiner, holders: Holders, ours: Secret, form: Form) -> tuple[Asked, ...]:
    before = matrices(holders, ours)
    found = []
    for a, b, c in TRIPLES:
        words = (ours.words[a], ours.words[b], ours.words[c])
        answers = x.answers("analogy", U=ours.U, lengths=ours.lengths, a=a, b=b, c=c)
        steps = [*put(holders, ours), *form.call(words, K)]
        about = About(ours.words, frozenset(words), answers, before)
        one = asked(x, f"{form.name}.{a}", steps, about)
        if (
            one.shown and one.changed is None
        ):  # it stops behind its rows: whether it has written to vectors is asked apart
            steps = [*put(holders, ours), *replace(form, rows=NO_ROWS).call(words, K)]
            one = replace(one, changed=asked(x, f"{form.name}.{a}.silent", steps, about).changed)
        found.append(one)
        if found[0].shown is None and found[0].observation.trouble is not None:
            break  # another form of argument may do
    return tuple(found)


def matrices(holders: Holders, ours: Secret) -> Mapping[str, Numbers]:
    found = {matrix.name: array(sent(matrix, ours)) for matrix in holders.matrices}
    return {name: rows for name, rows in found.items() if rows is not None} or {"matrix": ours.U}


def ask_unknown(x: Examiner, holders: Holders, ours: Secret, form: Form) -> Observation:
    a, _, c = ours.words[:3]
    return x.ask(f"{form.name}.unknown", *put(holders, ours), *form.call((a, UNKNOWN, c), K))


def ask_knn(x: Examiner, holders: Holders, ours: Secret) -> Asked:
    word = ours.words[11]
    answers = x.answers("neighbours", U=ours.U, lengths=ours.lengths, w=11)
    about = About(ours.words, frozenset([word]), answers)
    call = Call("knn", (word, K), into="r")
    printed = asked(x, "knn", [*put(holders, ours), call], about)
    return printed if printed.shown else asked(x, "knn.plain", [*put(holders, ours), *PLAIN_ROWS, call], about)


def ask_coefficient(x: Examiner, holders: Holders, ours: Secret, f: FunctionInfo | None) -> Coefficient | None:
    if f is None:
        return None
    sides: dict[str, Any] = {"positive": [21, 22, 23], "negative": [24, 25]}
    seeds = [Listing(tuple(ours.words[i] for i in rows)) for rows in sides.values()]
    seen = x.ask(f.name, *put(holders, ours), Call(f.name, (ours.words[20], *seeds), into="r"))
    answers = x.answers("coefficient", U=ours.U, lengths=ours.lengths, w=20, **sides)
    return Coefficient(seen, returned_number(seen), answers)


def returned_number(seen: Observation) -> float | None:
    value = number(seen.values.get("r"))
    printed = [token for token in TOKEN.findall(seen.printed) if DECIMAL.match(token)]
    found = value if value is not None else float(printed[-1]) if printed else None
    return found if found is not None and np.isfinite(found) else None
