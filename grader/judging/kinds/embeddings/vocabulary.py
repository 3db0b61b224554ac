"""A small secret vocabulary in place of the notebook's: which globals hold words, numbers and vectors, and how.

Every global of the vocabulary's size gets ours, so that a student may keep copies and use other names.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.examiner import Examiner
from grader.sandbox.guest.wire import Array, Call, Inventory, Listing, Put, Read, Ref, Step, Value
from grader.sandbox.guest.wire import Mapping as WireMapping

SIZE = 80  # words of ours: more than any table a notebook prints by default, few enough for loops in Python
SAMPLE = 2000
UNIT = 1e-3  # how far from 1 the length of a row may be, with float16 too


class Matrix(Struct, frozen=True):
    name: str
    made_by: str  # numpy | tensor | variable
    dtype: str
    transposed: bool  # [D, V]
    unit: bool  # whether its rows are of length 1, by a sample


GIVEN = Matrix("matrix", "numpy", "float32", False, True)  # where the notebook could not read its vectors


class Holders(Struct, frozen=True):
    """Globals of the notebook that hold its vocabulary; the names of the handout where there are none."""

    size: int  # words of the notebook; 0 when it has none
    width: int
    words: Mapping[str, str]  # name -> kind of list
    numbers: tuple[str, ...]
    names: tuple[str, ...]
    vectors: Mapping[str, tuple[str, bool]]  # name -> dtype, whether of length 1
    counts: tuple[str, ...]  # plain numbers that say how many words there are
    matrices: tuple[Matrix, ...]
    lists: Mapping[str, tuple[str, ...]]  # short lists of words, such as seeds

    @property
    def unit(self) -> bool:
        """Whether the notebook has vectors of length 1."""
        units = [*(matrix.unit for matrix in self.matrices), *(unit for _, unit in self.vectors.values())]
        return not units or any(units)

    @property
    def raw(self) -> bool:
        """Whether it has others."""
        return not all([*(matrix.unit for matrix in self.matrices), *(unit for _, unit in self.vectors.values())])

    @property
    def main(self) -> Matrix | None:
        """The one that tables are made of: normalised, and of the handout's name if there is a choice."""
        return max(self.matrices, key=lambda m: (m.unit, m.name == "matrix"), default=None)

    @property
    def words_reused(self) -> bool:
        """Whether `words`, the handout's name, is free, or a later cell keeps something else under it."""
        used = (*self.words, *self.numbers, *self.names, *self.vectors, *self.counts, *(m.name for m in self.matrices))
        return "words" not in used


class Secret(Struct, frozen=True):
    words: tuple[str, ...]
    U: Numbers  # [V, D], rows of length 1
    lengths: Numbers  # [V], of the vectors in globals whose rows are not of length 1


def held(x: Examiner, survey: Inventory) -> Holders:
    seen = x.ask("vocabulary", Call("grader_vocabulary", into="v")).values.get("v")
    roles = {role: dict(plain(found)) for role, found in seen.items.items()} if isinstance(seen, WireMapping) else {}
    size = main_size(roles)
    fitting = {n: m for n, m in roles.get("matrices", {}).items() if size and size in m[2:]}
    widths = [other(m, size) for n, m in sorted(fitting.items(), key=lambda p: p[0] != "matrix")]
    widths += [width for _, length, width in roles.get("vectors", {}).values() if near(length, size)]
    width = next(iter(widths), 50)
    return Holders(
        size,
        width,
        {name: kind for name, (kind, length) in roles.get("words", {}).items() if near(length, size)},
        tuple(sorted((n for n, length in roles.get("numbers", {}).items() if near(length, size)), key=counts_words)),
        tuple(name for name, length in roles.get("names", {}).items() if near(length, size)),
        {
            name: (dtype, of_length_one(x, f"list({name}.values())[:{SAMPLE}]"))
            for name, (dtype, length, _) in roles.get("vectors", {}).items()
            if near(length, size)
        },
        tuple(name for name, value in survey.scalars.items() if size > SIZE and value == size),
        tuple(matrix_of(x, n, m, size) for n, m in fitting.items() if other(m, size) == width),
        {name: tuple(words) for name, words in roles.get("lists", {}).items()},
    )


def plain(value: Value) -> Any:
    """Lists and dicts of plain Python for wire values without arrays."""
    if isinstance(value, WireMapping):
        return {key: plain(item) for key, item in value.items.items()}
    return [plain(item) for item in value.items] if isinstance(value, Listing) else value


def main_size(roles: Mapping[str, Mapping[str, Any]]) -> int:
    """Rows of the largest matrix that has a word for each row, `matrix` before others; else words that have vectors."""
    lengths = {length for _, length in roles.get("words", {}).values()} | set(roles.get("numbers", {}).values())
    fitting = [
        (name == "matrix", rows)
        for name, (_, _, *shape) in roles.get("matrices", {}).items()
        for rows in shape
        if any(near(length, rows) for length in lengths)
    ]
    without = max((length for _, length, _ in roles.get("vectors", {}).values()), default=0)
    return max(fitting, default=(False, without))[1]


def counts_words(name: str) -> bool:
    """Whether a dictionary of words and numbers more likely says how often than where a word stands."""
    return name != "word2ind" and not re.search(r"ind|idx|id$|id_|2", name)


def near(length: int, size: int) -> bool:
    """Words that occur twice make a dictionary a little shorter."""
    return abs(length - size) <= size // 100


def other(matrix: Any, size: int) -> int:
    rows, columns = matrix[2:]
    return int(columns if rows == size else rows)


def matrix_of(x: Examiner, name: str, matrix: Any, size: int) -> Matrix:
    made_by, dtype, rows, _ = matrix
    transposed = rows != size
    return Matrix(name, made_by, dtype, transposed, of_length_one(x, rows_of(name, transposed, SAMPLE)))


def rows_of(name: str, transposed: bool, count: int) -> str:
    return f"{name}[:, :{count}].T" if transposed else f"{name}[:{count}]"


def of_length_one(x: Examiner, path: str) -> bool:
    """Whether most rows are; single ones may have been changed since."""
    rows = array(x.ask("rows", Read(path, "rows")).values.get("rows"))
    if rows is None:
        return False
    return bool(np.mean(np.abs(np.linalg.norm(rows.astype(float), axis=1) - 1) < UNIT) > 0.9)


def secret(x: Examiner, holders: Holders) -> Secret:
    """Words nobody knows, with random vectors; every third analogy has an answer planted where it should end."""
    letters = x.generator("words")
    words: dict[str, None] = {}
    while len(words) < SIZE:
        words["".join(str(letters.choice(list(part))) for part in ("bdfgklmnprstvz", "aeiou") * 3)] = None
    U = x.normal("U", (SIZE, holders.width), 1.0).astype(float)
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    for a, b, c, planted in ((0, 1, 2, 9), (6, 7, 8, 10)):
        U[planted] += 2 * (U[c] - U[a] + U[b])
        U[planted] /= np.linalg.norm(U[planted])
    lengths = x.generator("lengths").uniform(0.5, 2.0, SIZE) if holders.raw else np.ones(SIZE)
    return Secret(tuple(words), U.astype(np.float32), lengths)


def put(holders: Holders, ours: Secret) -> list[Step]:
    """Our vocabulary under every name that the notebook has for its own."""
    listing = Listing(ours.words)
    numbers = {word: i for i, word in enumerate(ours.words)}
    steps: list[Step] = []
    handout = {"words": "list"} if not holders.words or holders.words_reused else {}
    for name, kind in {**holders.words, **handout}.items():
        steps.append(Put(name, listing))
        if kind != "list":
            steps.append(Put(name, Ref(made_into(kind, name))))
    steps += [Put(name, WireMapping(dict(numbers))) for name in holders.numbers or ("word2ind",)]
    for name in holders.names:
        steps += [Put(name, listing), Put(name, Ref(f"dict(enumerate({name}))"))]
    steps += [Put(name, SIZE) for name in holders.counts]
    for name, (dtype, unit) in holders.vectors.items():
        rows: dict[str, Value] = {
            word: Listing(tuple(row.tolist())) if dtype == "list" else send(row.astype(dtype))
            for word, row in zip(ours.words, vectors(ours, unit), strict=True)
        }
        steps.append(Put(name, WireMapping(rows)))
    for matrix in holders.matrices or (GIVEN,):
        steps.append(Put(matrix.name, sent(matrix, ours)))
    return steps


def made_into(kind: str, name: str) -> str:
    return f"__import__('numpy').array({name})" if kind == "ndarray" else f"{kind}({name})"


def vectors(ours: Secret, unit: bool) -> Numbers:
    return ours.U if unit else ours.U * ours.lengths[:, None].astype(np.float32)


def sent(matrix: Matrix, ours: Secret) -> Array:
    rows = vectors(ours, matrix.unit).astype(matrix.dtype)
    return send(rows.T if matrix.transposed else rows, matrix.made_by)
