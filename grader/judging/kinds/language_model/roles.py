"""Which part of the variables belongs to which gate, told by what the guesses do when only some parts are not zero."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import WITHIN, nearest, slug
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.kinds.language_model.parts import GATES, Block, Layout, Part, Roles, Weights, only

ROWS, COLUMNS = 8, 16  # examples and words compared; more would only cost time
TRIED = 24  # sets of roles
LONE = 2  # place of the only word, where all others are zeros

Asked = Callable[[list[Mapping[str, Numbers]], Numbers], list[Numbers | None]]  # weights in turn, words -> guesses
Start = tuple[str, dict[str, Part]]  # a form, and the parts of i, j and o that fit it; of f too where it shows

NAMES = {  # what people call the gates, in English, Spanish, Basque and letters
    "f": ("forget", "olvid", "ahaz", "_f", "f_", "wf", "bf", "uf"),
    "o": ("output", "salid", "irteer", "_o", "o_", "wo", "bo", "uo"),
    "j": ("cand", "tilde", "cell", "_j", "_c", "_g", "wj", "wc", "wg", "bj", "bc", "bg"),
    "i": ("input", "entrad", "sarrer", "_i", "i_", "wi", "bi", "ui"),
}


class Explained(Struct, frozen=True):
    roles: Roles
    form: str | None  # None: no form known to us gives these guesses
    answers: Answers = {}  # of every form


class Case(Struct, frozen=True):
    """What is known of one class while its roles are sought."""

    x: Examiner
    layout: Layout
    weights: Weights  # secret ones
    data: Numbers  # words [B, T]
    asked: Asked

    @property
    def bare(self) -> Weights:
        """The weights with all biases at zero."""
        return {**self.weights, **only(self.weights, (), sorted(self.layout.bias_paths))}

    def values(self, roles: Roles, weights: Weights) -> Answers:
        return self.x.answers("values", x=self.data[:ROWS], **roles.values(self.layout, weights))


def explain(case: Case, whole: Numbers) -> Explained:
    """`whole` are the guesses with all weights; asked for are those without biases, then with one bias each."""
    silent = only(case.weights, (), sorted(case.layout.bias_paths))
    (plain,) = case.asked([silent], case.data)
    best: tuple[Roles, str] | None = None
    for tried, roles in enumerate(candidates(case, plain) if plain is not None else ()):
        form = nearest_form(plain, case.values(roles, case.bare))
        if form is not None and (best is None or slug(form) == "deck"):
            best = roles, form
        if tried >= TRIED or (form is not None and slug(form) == "deck"):
            break
    roles = with_biases(case, *best) if best else natural(case.layout)
    answers = case.values(roles, case.weights)
    return Explained(roles, nearest_form(whole, answers), answers)


def nearest_form(seen: Numbers | None, answers: Answers) -> str | None:
    if seen is None:
        return None
    n = min(len(seen), len(next(iter(answers.values()))["logits"]))
    known = {name: {"logits": told["logits"][:n]} for name, told in answers.items()}
    return nearest({"logits": seen[:n, :ROWS]}, known)


def candidates(case: Case, plain: Numbers) -> Iterator[Roles]:
    """Roles that agree with the first guess, those of four different parts first; then those of the names."""
    for form, parts in chain(starts(case, plain), late_starts(case)):
        yield from (joined if case.layout.joined else split)(case, form, parts)
    yield natural(case.layout)


def starts(case: Case, plain: Numbers) -> Iterator[Start]:
    """The first guess comes from three gates; it may have read the second word, or come one place later."""
    for place, word, order in ((0, 0, "deck"), (0, 1, "causality-broken"), (1, 0, "state-behind")):
        yield from in_order(order, fitting(case, plain[place], case.data[:, word]))


def in_order(order: str, found: Iterator[Start]) -> Iterator[Start]:
    """The slide's cell, where it reads the words in another order, has a form of its own."""
    for form, parts in found:
        yield order if slug(form) == "deck" else form, parts


def late_starts(case: Case) -> Iterator[Start]:
    """For other reading orders: all words but one are zeros, which leave the states as they are without biases."""
    lone = np.zeros_like(case.data)
    embedding = case.layout.embedding
    lone[:, LONE] = 1 + case.data[:, LONE] % (embedding.shape[0] - 1)
    words = embedding.of(case.bare).copy()
    words[0] = 0.0
    silent = only(case.weights, (), sorted(case.layout.bias_paths))
    (seen,) = case.asked([{**silent, embedding.path: embedding.kept(words)}], lone)
    if seen is not None:
        for place, order in ((LONE, "causality-broken/backwards"), (LONE - 1, "causality-broken/state-ahead")):
            yield from in_order(order, fitting(case, seen[place], lone[:, LONE]))


def fitting(case: Case, guesses: Numbers, words: Numbers) -> Iterator[Start]:
    """Parts of i, j and o under which guesses [B, V] come from these words and states of zeros."""
    wholes = [part for block in case.layout.matrices for part in case.layout.wholes(block) if part.rows[0] >= 0]
    w = case.bare
    given = {
        "E": case.layout.embedding.of(w),
        "parts": np.stack([part.of(w)[: case.layout.width] for part in wholes]),
        "W_out": case.layout.out.of(w)[:, :COLUMNS],
        "b_out": np.zeros(min(COLUMNS, guesses.shape[1])),
    }
    seen = guesses[:ROWS, :COLUMNS]
    for form, told in case.x.answers("first", words=words[:ROWS], **given).items():
        gaps = np.abs(told["logits"] - seen).max((-1, -2)) / max(float(np.abs(seen).max()), 1e-3)
        near = [[wholes[at] for at in place] for place in np.argwhere(gaps <= WITHIN)[:200]]
        for parts in sorted(near, key=lambda parts: -len({id(part.block) for part in parts}))[:TRIED]:
            yield form, dict(zip("ijof", parts, strict=False))


def joined(case: Case, form: str, parts: dict[str, Part]) -> Iterator[Roles]:
    """The forget gate has what is left, in either order; or, by mistake, what another gate has."""
    if "f" in parts:
        yield Roles({gate: (own,) for gate, own in parts.items()})
        return
    used = [part.block for part in parts.values()]
    free = [block for block in case.layout.matrices if not any(block is other for other in used)]
    left = sorted(free, key=lambda block: block.rows != "eh")
    for part in (*(part for block in left for part in case.layout.wholes(block)), *parts.values()):
        yield Roles({"f": (part,), **{gate: (own,) for gate, own in parts.items()}})


def split(case: Case, form: str, parts: dict[str, Part]) -> Iterator[Roles]:
    """Matrices for words and for states apart: each of the latter is tried alone, the others at zero."""
    used = [part.block for part in parts.values()]
    free = [block for block in case.layout.matrices if not any(block is other for other in used)]
    words = [parts["f"].block] if "f" in parts else [block for block in free if block.rows in ("e", "?")]
    for word in words:
        own = {**parts, "f": case.layout.wholes(word)[0]}
        states = [block for block in free if block is not word and block.rows in ("h", "?")]
        roles = with_states(case, form, own, states)
        if roles is not None:
            yield roles


def with_states(case: Case, form: str, words: dict[str, Part], states: list[Block]) -> Roles | None:
    paths = sorted({block.path for block in case.layout.matrices})
    chosen = [part.block for part in words.values()]
    quiet = only(case.weights, (), sorted(case.layout.bias_paths))
    seen = case.asked([{**quiet, **only(case.weights, [*chosen, block], paths)} for block in states], case.data)
    found = {gate: [part] for gate, part in words.items()}
    known = Roles({gate: (part,) for gate, part in words.items()}).values(case.layout, case.bare)
    for block, guesses in zip(states, seen, strict=True):
        part = case.layout.wholes(block)[-1]
        gates = gates_of(case, form, known, part.of(case.bare), guesses)
        if gates is None:
            return None
        for gate in gates:
            found[gate].append(part)
    return Roles({gate: tuple(own) for gate, own in found.items()})


def with_biases(case: Case, roles: Roles, form: str) -> Roles:
    """Each bias is tried alone, the others at zero; so are vectors that the equations do not have."""
    biases = case.layout.biases
    paths = sorted(case.layout.bias_paths)
    seen = case.asked([only(case.weights, [block], paths) for block in biases], case.data)
    known = roles.values(case.layout, case.bare)
    found: dict[str, list[Block]] = {gate: [] for gate in GATES}
    besides: dict[str, Block] = {}
    for block, guesses in zip(biases, seen, strict=True):
        gates = gates_of(case, form, known, block.of(case.weights), guesses) or ""
        if "_" in gates:
            besides[gates] = block
        else:
            for gate in gates:
                found[gate].append(block)
    return Roles(roles.matrices, {gate: tuple(own) for gate, own in found.items() if own}, besides)


def gates_of(case: Case, form: str, known: dict[str, Numbers], part: Numbers, seen: Numbers | None) -> str | None:
    return nearest_form(seen, case.x.answers("roles", x=case.data[:ROWS], part=part, form=form, **known))


def natural(layout: Layout) -> Roles:
    """By the names, else in the order they were made."""
    blocks = list(layout.joined or [block for block in layout.matrices if block.rows in ("e", "?")])
    chosen: dict[str, Part] = {}
    for gate, words in NAMES.items():
        fitting = [b for b in blocks if any(word in b.path.removeprefix("c.").lower() for word in words)]
        block = next(iter(fitting), None)
        if block is not None:
            chosen[gate] = layout.wholes(block)[0]
            blocks = [other for other in blocks if other is not block]
    rest = iter(blocks)
    for gate in GATES:
        if gate not in chosen and (block := next(rest, None)) is not None:
            chosen[gate] = layout.wholes(block)[0]
    return Roles({gate: (part,) for gate, part in chosen.items()})
