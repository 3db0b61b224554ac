"""How a function that makes a table of words is called: its name, the form of its arguments, and what comes of it."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.kinds.embeddings.tables import Row, Shown, explanation_of, printed_rows, returned_rows, tables
from grader.judging.kinds.embeddings.vocabulary import Holders
from grader.model import Cell, Observation, Status
from grader.sandbox.guest.wire import Call, FunctionInfo, Listing, Put, Read, Ref, Step, Value

HOLE = "PoI1QpJsOVRY"
K = 12
ACCEPTED = ("deck", "raw")
COUNT = re.compile(r"^k$|_k$|^n$|^n_|top|^num|cuant|zenbat|size|limit", re.IGNORECASE)
EXTRA = (
    ("matrices", re.compile(r"mat|emb|vec|^m$|^e$", re.IGNORECASE)),
    ("numbers", re.compile(r"ind|idx|2|dic|num|zenb", re.IGNORECASE)),
    ("words", re.compile(r"word|voc|pal|hitz", re.IGNORECASE)),
)
# Tables as pages are made for the eye; a data frame is a list of its rows.
AS_TEXT = Put("display", Ref("print"))
LISTED = (
    "(lambda f: lambda *a, **k: (lambda r: r.reset_index().values.tolist() if hasattr(r, 'iloc') else r)(f(*a, **k)))"
)
# The handout's functions stand between the table and us: where they print no text, what they were given is printed.
PLAIN_ROWS = (
    Put("print_header", Ref("lambda *args, **kwargs: None")),
    Put("print_footer", Ref("lambda *args, **kwargs: None")),
    Put(
        "print_row",
        Ref("lambda index, last, trg_words, knn, sim: print(trg_words[knn[index]], f'{float(sim[knn[index]]):.6f}')"),
    ),
)
# The same where a ranking holds words, or the similarities themselves, in place of numbers of words.
NAMED_ROWS = (
    *PLAIN_ROWS[:2],
    Put(
        "print_row",
        Ref(
            "lambda index, last, trg_words, knn, sim: (lambda n: print(trg_words[n], f'{float(sim[n]):.6f}'))("
            "list(trg_words).index(knn[index]) if isinstance(knn[index], str) else "
            "min(range(len(sim)), key=lambda n: abs(sim[n] - knn[index])))"
        ),
    ),
)
NO_ROWS = (Put("print_row", Ref("lambda *args, **kwargs: None")),)


class Form(Struct, frozen=True):
    """A function and one way to hand it an analogy."""

    name: str
    cell: int | None
    pair: bool  # ((a, b), c, k), else (a, b, c, k)
    count: str | None  # the parameter for k
    k_is_next: bool = False  # right after the words, so that it needs no name
    extra: Mapping[str, str] = {}  # parameter -> global of the notebook
    expected: tuple[str, ...] = ()  # parameters that are given some word, such as the expected answer
    rows: tuple[Put, ...] = ()  # in place of the handout's functions that print a table

    def arguments(self, words: tuple[str, str, str], k: int) -> tuple[Value, ...]:
        given: tuple[Value, ...] = (Listing(words[:2], "tuple"), words[2]) if self.pair else words
        return (*given, k) if self.k_is_next else given

    def call(self, words: tuple[str, str, str], k: int) -> list[Step]:
        extra: dict[str, Value] = {name: Ref(path) for name, path in self.extra.items()}
        extra |= dict.fromkeys(self.expected, words[1])
        if self.count and not self.k_is_next:
            extra[self.count] = k
        return [*self.rows, AS_TEXT, Call(f"{LISTED}({self.name})", self.arguments(words, k), extra, into="r")]


class Asked(Struct, frozen=True):
    observation: Observation
    rows: tuple[Row, ...]
    shown: Shown | None  # None when no table came
    changed: bool | None = None  # whether the vectors were written to; None when that was not seen
    only_the_best: bool = False  # one word, the right one


def forms(functions: Iterable[FunctionInfo], cells: Sequence[Cell], holders: Holders) -> list[Form]:
    """`analogy` and its likes, the likeliest first."""
    hole = {cell.index for cell in cells if cell.colab_id == HOLE}
    ranked = sorted(
        (f for f in functions if "analog" in f.name.lower() or (f.cell in hole and not f.name.startswith("print_"))),
        key=lambda f: (f.name != "analogy", "analog" not in f.name.lower()),
    )
    return [form for f in ranked[:6] for pair in (True, False) if (form := form_of(f, pair, holders)) is not None]


def form_of(f: FunctionInfo, pair: bool, holders: Holders) -> Form | None:
    words = 2 if pair else 3
    if 0 < len(f.parameters) < words:  # none at all: it takes whatever comes, by *args
        return None
    rest = f.parameters[words:]
    count = next((p.name for p in rest if COUNT.search(p.name) or type(p.default) is int), None)
    needed = [p.name for p in rest if p.required and p.name != count]
    extra = {name: path for name in needed if (path := holder_for(name, holders))}
    expected = tuple(name for name in needed if name not in extra)
    is_next = bool(rest) and rest[0].name == count and not rest[0].by_name
    return Form(f.name, f.cell, pair, count, is_next, extra, expected)


def holder_for(parameter: str, holders: Holders) -> str | None:
    found = {
        "matrices": holders.main.name if holders.main else "matrix",
        "numbers": next(iter(holders.numbers), "word2ind"),
        "words": next(iter(holders.words), "words"),
    }
    return next((found[role] for role, pattern in EXTRA if pattern.search(parameter)), None)


def asked(x: Examiner, name: str, steps: Sequence[Step], about: "About") -> Asked:
    """A question that ends in a call into `r`, and what its table says about `about`'s words."""
    seen = x.ask(name, *steps, *(Read(path, f"after.{path}") for path in about.vectors))
    rows = printed_rows(seen.printed, set(about.words))
    if len(rows) < 3:
        rows = returned_rows(seen.values.get("r"), about.words) or rows
    found = [
        Shown(table, about.words, about.free, about.answers)
        for table in tables(rows)
        if sum(row.word not in about.free for row in table) >= 3
    ]
    best = next((s for s in found if accepted([s], order=True)), next(iter(found), None))
    return Asked(seen, rows, best, changed(seen, about.vectors), len(rows) == 1 and rows[0].word in bests(about))


class About(Struct, frozen=True):
    """What a table should be about."""

    words: tuple[str, ...]
    free: frozenset[str]
    answers: Answers
    vectors: Mapping[str, Numbers] = {}  # global -> what it held before the call


def bests(about: About) -> set[str]:
    """The best word, and the best one that is not of the question."""
    score = about.answers["deck"]["score"]
    falling = [about.words[i] for i in np.argsort(-score)]
    return {falling[0], next(word for word in falling if word not in about.free)}


def shown_in(found: Sequence[Asked]) -> tuple[Shown, ...]:
    return tuple(one.shown for one in found if one.shown)


def changed(seen: Observation, before: Mapping[str, Numbers]) -> bool | None:
    if seen.status is not Status.ANSWERED:
        return None
    after = {path: array(seen.values.get(f"after.{path}")) for path in before}
    pairs = [(after[path], before[path]) for path in before]
    return any(now is None or now.shape != old.shape or (abs(now - old) > 1e-4).any() for now, old in pairs)


def accepted(shown: Sequence[Shown], order: bool = False, numbers: bool = False) -> str | None:
    """The accepted explanation of all tables' order, numbers or both."""
    kept = [
        Shown(s.rows, s.words, s.free, {n: v for n, v in s.answers.items() if n.split("/")[0] in ACCEPTED})
        for s in shown
    ]
    return explanation_of(kept, order, numbers)
