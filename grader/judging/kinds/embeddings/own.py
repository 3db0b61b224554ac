"""Questions about the vectors that the notebook itself has read: real ones, or the toy vectors."""

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array, number
from grader.judging.examiner import Examiner
from grader.judging.kinds.embeddings.asking import About, Asked, Form, accepted, asked, shown_in
from grader.judging.kinds.embeddings.lists import ANALOGIES, NEGATIVE, POSITIVE, SEED_NEG, SEED_POS
from grader.judging.kinds.embeddings.tables import TOKEN, Shown, items_of, printed_rows
from grader.judging.kinds.embeddings.vocabulary import SAMPLE, Holders
from grader.judging.meeting.source import definition
from grader.model import OUT_OF_TIME, Cell, Observation, Status
from grader.sandbox.guest.wire import Call, Listing, Mapping, Put, Read, Ref, Step, Value

FREQUENT = 1000  # analogies are made of words of these ranks
BLOCK = 50_000  # rows read at a time
MOST = 24  # analogies of a question file
SECONDS = 5.0  # for an analogy; a notebook may go through 400000 words one by one
LETTERS = re.compile(r"[^\W\d_]{3,}")
SHARED_FILE = "(lambda p: [line.strip() for line in open(p, encoding='utf-8')][:19000])"
STRINGS = {"format", "join", "lower", "upper", "strip", "split", "append"}  # methods that compute with no vector


class Hits(Struct, frozen=True):
    """How many answers of how many were right, and how many the formula of the handout gets."""

    right: int
    asked: int
    possible: int
    source: str
    missed: tuple[str, ...] = ()
    raised: bool = False  # whether the function stopped with an error at any


def own_tables(x: Examiner, holders: Holders, form: Form) -> tuple[Asked, ...]:
    """Two analogies of random frequent words; completeness is judged by the most frequent words and those shown."""
    sample = sample_of(x, holders)
    frequent = [word for word in sample[:FREQUENT] if LETTERS.fullmatch(word)]
    if whole(holders) is None or len(frequent) < 20:
        return ()
    found = []
    for turn in range(2):
        a, b, c = (str(word) for word in x.generator(f"own{turn}").choice(frequent, 3, replace=False))
        steps = [*copied(holders), *form.call((a, b, c), 10)]
        seen = x.ask(f"own.{turn}", *steps)
        words = [a, b, c, *sample, *(token for token in TOKEN.findall(seen.printed) if LETTERS.search(token))]
        about = about_own(x, holders, list(dict.fromkeys(words)), (a, b, c))
        again = asked(x, f"own.{turn}.again", steps, about) if about else None
        if again is None or again.shown is None:
            return ()
        found.append(again)
    return tuple(found)


def ranked_part(x: Examiner, holders: Holders, form: Form) -> int | None:
    """How many of the notebook's first words explain tables in which all others are missing; None where none are."""
    shown = shown_in(own_tables(x, holders, form))
    at = [places(x, holders, one.words) for one in shown]
    last = [
        max(i for word, i in zip(one.words, numbers, strict=True) if named(one, word))
        for one, numbers in zip(shown, at, strict=True)
    ]
    if not shown or accepted(shown, order=True) or max(last) + 1 >= holders.size:
        return None
    parts = [first_words(one, np.array(numbers) <= max(last)) for one, numbers in zip(shown, at, strict=True)]
    return max(last) + 1 if accepted(parts, order=True) else None


def named(one: Shown, word: str) -> bool:
    return word not in one.free and any(row.word == word for row in one.rows)


def first_words(one: Shown, kept: Numbers) -> Shown:
    """The same table, as if there were only some of the words, and those of the question."""
    kept = kept | np.isin(one.words, list(one.free))
    answers = {name: {key: values[kept] for key, values in told.items()} for name, told in one.answers.items()}
    return replace(one, words=tuple(np.array(one.words)[kept].tolist()), answers=answers)


def about_own(x: Examiner, holders: Holders, words: Sequence[str], queries: tuple[str, str, str]) -> About | None:
    known, rows = vectors_of(x, holders, words)
    if rows is None or not set(queries) <= set(known):
        return None
    at = places(x, holders, queries)
    before = {f"{whole(holders)}[{at}].astype('float64')": rows[[known.index(query) for query in queries]]}
    lengths = np.linalg.norm(rows, axis=1)
    a, b, c = (known.index(query) for query in queries)
    answers = x.answers("analogy", U=rows / lengths[:, None], lengths=lengths.round(3), a=a, b=b, c=c)
    return About(tuple(known), frozenset(queries), answers, before)


def stops(x: Examiner, holders: Holders, form: Form) -> bool:
    """Whether the function ends with an error for words of the notebook's own."""
    words = sample_of(x, holders)[:3]
    if len(words) < 3:
        return False
    return x.ask("own.stops", *copied(holders), *form.call((words[0], words[1], words[2]), 10)).status is Status.RAISED


def sample_of(x: Examiner, holders: Holders) -> list[str]:
    """The notebook's first words, those that a table shows in one piece and nobody takes for a number."""
    lists = [name for name, kind in holders.words.items() if kind != "set"]
    dicts = [f"list({name})" for name in (*holders.numbers, *holders.vectors)]
    source = next(iter([*lists, *dicts]), None)
    if source is None:
        return []
    seen = x.ask("own.words", Read(f"[str(w) for w in {source}[:{SAMPLE}]]", "words")).values.get("words")
    words = [item for item in seen.items if isinstance(item, str)] if isinstance(seen, Listing) else []
    return [word for word in words if TOKEN.fullmatch(word) and LETTERS.search(word)]


def copied(holders: Holders) -> list[Step]:
    """So that a function that writes to the vectors leaves the notebook's as they were; `words` as it once was."""
    matrix = holders.main
    steps: list[Step] = [Put(matrix.name, Ref(f"{matrix.name}.copy()"))] if matrix and matrix.made_by == "numpy" else []
    if holders.words_reused and holders.numbers:
        words_by_number = f"{{i: w for w, i in {holders.numbers[0]}.items()}}"
        steps.append(Put("words", Ref(f"list(map({words_by_number}.get, range({holders.size})))")))
    return steps


def whole(holders: Holders) -> str | None:
    """An expression for all vectors [V, D] of the notebook."""
    if holders.main is not None:
        return f"__import__('numpy').asarray({holders.main.name}{'.T' if holders.main.transposed else ''})"
    return next((f"__import__('numpy').array(list({name}.values()))" for name in holders.vectors), None)


def places(x: Examiner, holders: Holders, words: Sequence[str]) -> list[int]:
    """The number of each word; -1 for those the notebook does not know."""
    if holders.numbers:
        path = f"(lambda ws: [int({holders.numbers[0]}.get(w, -1)) for w in ws])"
    elif holders.words or holders.vectors:
        name = next(iter([*holders.words, *holders.vectors]))
        path = f"(lambda ws: (lambda at: [at.get(w, -1) for w in ws])({{w: i for i, w in enumerate({name})}}))"
    else:
        return [-1] * len(words)
    found = array(x.ask("own.places", Call(path, (Listing(tuple(words)),), into="i")).values.get("i"))
    return found.astype(int).tolist() if found is not None and found.shape == (len(words),) else [-1] * len(words)


def vectors_of(x: Examiner, holders: Holders, words: Sequence[str]) -> tuple[list[str], Numbers | None]:
    """Those of the words that are known, and their vectors [., D] as the notebook has them."""
    at = places(x, holders, words)
    known = [(word, i) for word, i in zip(words, at, strict=True) if i >= 0]
    if whole(holders) is None or not known:
        return [], None
    numbers = Listing(tuple(i for _, i in known))
    taken = Call(f"(lambda at: {whole(holders)}[at].astype('float64'))", (numbers,), into="rows")
    rows = array(x.ask("own.rows", taken).values.get("rows"))
    usable = rows is not None and rows.shape == (len(known), holders.width) and bool(np.all(np.any(rows, axis=1)))
    return [word for word, _ in known], rows if usable else None


def question_file(x: Examiner, holders: Holders, form: Form, k: int = 10) -> Hits | None:
    """How many expected answers stand among the first k rows, and among those of the handout's formula."""
    source, questions = analogies(x, holders)
    if not questions:
        return None
    right, count, missed, raised = 0, 0, [], False
    answers = [expected for *_, expected in questions]
    at = dict(zip(answers, places(x, holders, answers), strict=True))
    for a, b, c, expected in questions:
        seen = x.ask("own.analogy", *copied(holders), *form.call((a, b, c), k), seconds=SECONDS)
        if seen.status in (*OUT_OF_TIME, Status.DIED):
            break
        count += 1
        if any(row.word == expected for row in printed_rows(seen.printed, {a, b, c, expected})) or returned_early(
            seen.values.get("r"), expected, at[expected], k
        ):
            right += 1
        else:
            missed.append(f"{a} : {b} = {c} : {expected}")
        raised |= seen.status is Status.RAISED
    if raised and not right:  # nothing was answered, though our own words may have been
        return None
    possible = np.count_nonzero(best_ranks(x, holders, questions[:count]) < k) if count else 0
    return Hits(right, count, int(possible), source, tuple(missed), raised) if count else None


def returned_early(value: Any, word: str, place: int, k: int) -> bool:
    """Whether a word, or its number, stands among the first k rows of what was returned."""
    if isinstance(value, Listing) and len(value.items) == 2 and all(len(items_of(part)) > 2 for part in value.items):
        return any(returned_early(part, word, place, k) for part in value.items)
    rows = list(value.items) if isinstance(value, Mapping) else items_of(value)
    return any(word in cells or place in cells for cells in ([*items_of(row), row] for row in rows[:k]))


def analogies(x: Examiner, holders: Holders) -> tuple[str, list[tuple[str, str, str, str]]]:
    """Of the course's own file where there is one, else of ours; those the notebook has vectors for."""
    seen = x.ask("own.file", Call(SHARED_FILE, ("embeddings/questions-words.txt",), into="lines")).values.get("lines")
    lines = [line for line in seen.items if isinstance(line, str)] if isinstance(seen, Listing) else []
    source = "embeddings/questions-words.txt" if lines else "the grader's own list"
    rows = [row for line in lines or ANALOGIES.splitlines() if len(row := line.lower().split()) == 4]
    if len(rows) > MOST:
        rows = [rows[i] for i in sorted(x.generator("questions").choice(len(rows), MOST, replace=False))]
    words = sorted({word for row in rows for word in row})
    known = {word for word, i in zip(words, places(x, holders, words), strict=True) if i >= 0}
    return source, [(a, b, c, d) for a, b, c, d in rows if {a, b, c, d} <= known]


def best_ranks(x: Examiner, holders: Holders, questions: Sequence[tuple[str, str, str, str]]) -> Numbers:
    """How many words, the query words included, lie nearer to each target than the expected answer does."""
    vectors = [vectors_of(x, holders, list(column)) for column in zip(*questions, strict=True)]
    none = np.full(len(questions), np.inf)
    if whole(holders) is None or any(rows is None or len(rows) != len(questions) for _, rows in vectors):
        return none
    A, B, C, expected = (unit(rows) for _, rows in vectors if rows is not None)
    t = x.answers("targets", A=A.round(6), B=B.round(6), C=C.round(6))["deck"]["t"]
    bar = np.sum(expected * t, axis=1)
    ahead = np.zeros(len(questions))
    for block in blocks(x, holders):
        ahead += np.sum(unit(block) @ t.T > bar + 1e-6, axis=0)
    return ahead


def blocks(x: Examiner, holders: Holders) -> Iterable[Numbers]:
    for start in range(0, holders.size, BLOCK):
        seen = x.ask("own.block", Read(f"{whole(holders)}[{start}:{start + BLOCK}].astype('float32')", "rows"))
        rows = array(seen.values.get("rows"))
        if rows is not None and rows.ndim == 2 and rows.shape[1] == holders.width:
            yield rows


def unit(rows: Numbers) -> Numbers:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    normalised: Numbers = rows / np.where(lengths > 0, lengths, 1)
    return normalised


def lexicon(x: Examiner, holders: Holders) -> Hits | None:
    """How many clearly positive and negative adjectives get the right sign, by the notebook's seeds."""
    seeds = [holders.lists.get(name, given) for name, given in (("seed_pos", SEED_POS), ("seed_neg", SEED_NEG))]
    known = [vectors_of(x, holders, words) for words in (POSITIVE, NEGATIVE, *seeds)]
    positive, negative, pos, neg = (unit(rows).round(6) if rows is not None else None for _, rows in known)
    if positive is None or negative is None or pos is None or neg is None:
        return None
    signs = np.array([1] * len(positive) + [-1] * len(negative))
    U = np.concatenate([positive, negative])
    deck = x.answers("orientations", U=U, positive=pos, negative=neg)["deck"]["coefficient"]
    sides: list[Value] = [Listing(tuple(words)) for words, _ in known[2:]]
    words = known[0][0] + known[1][0]
    steps = [Call("determine_coefficient", (word, *sides), into=f"v{i}") for i, word in enumerate(words)]
    values = coefficients(x.ask("own.lexicon", *steps, seconds=10.0), len(words))
    if values is None:
        return None
    right = np.sign(values) == signs
    missed = tuple(word for word, ok in zip(words, right, strict=True) if not ok)
    return Hits(int(right.sum()), len(words), int(np.sum(np.sign(deck) == signs)), "the grader's own list", missed)


def coefficients(seen: Observation, count: int) -> Numbers | None:
    values = [number(seen.values.get(f"v{i}")) for i in range(count)]
    return None if any(value is None for value in values) else np.array(values, float)


def works_with_vectors(cells: Sequence[Cell], name: str, holders: Holders) -> bool:
    """Whether the function's text, or that of a function it calls, computes with vectors or has a library do so."""
    names = {"matrix", *(matrix.name for matrix in holders.matrices), *holders.vectors}
    waiting, seen = [name], set()
    while waiting:
        found = definition(cells, called := waiting.pop())
        if found is None or called in seen:
            continue
        seen.add(called)
        for node in ast.walk(found[1]):
            if isinstance(node, ast.Name) and node.id in names:
                return True
            if isinstance(node, ast.Attribute) and node.attr not in STRINGS:
                return True
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                waiting.append(node.func.id)
    return False
