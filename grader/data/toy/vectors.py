"""Toy word vectors in GloVe's format, whose geometry is made on purpose, so that nothing has to be downloaded.

A word lies near the middle of its topics; a relation is one step, the same for all its rows, so that italy - france +
paris ends at rome; praise and blame lie on two sides of one direction. As notebooks reserve 400000 rows, lines that
mean nothing follow: on the first axis they lie opposite to all real words, so that they are nobody's neighbours.
`RandomState.random_sample` is the one source of chance: NumPy promises its stream, so all versions write the same.
"""

import itertools
import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from grader.data.packing import packed
from grader.data.toy import lexicon

Vector = NDArray[np.float64]  # [MEANING] unless it is said otherwise

ROWS, WIDTH = 400_000, 50
MEANING = WIDTH - 1  # the first axis tells words from filler
COMMON = 0.4  # cosine between a word and the first axis
STEP = 0.8  # length of a relation's step, where a word is about 1 long
POLARITY = 0.7
OWN = 0.2  # what a word has to itself beside a relation
NEAREST, FARTHEST, TOPICAL = 0.92, 0.62, 0.75  # cosine between a word and the middle of what it belongs to
YEARS = [str(year) for year in range(1900, 2027)]


class Chance:
    def __init__(self, seed: int) -> None:
        self._stream = np.random.RandomState(seed)

    def direction(self) -> Vector:
        return unit(self._stream.random_sample(MEANING) - 0.5)


def unit(vector: Vector) -> Vector:
    length: np.float64 = np.sqrt((vector * vector).sum())
    return vector / length


def entries(block: str) -> Iterator[tuple[str, str, list[str]]]:
    """(name, what it lies within or "", its words)"""
    for line in re.split(r"\n(?! )", block.strip()):
        name, words = line.split(": ", 1)
        name, _, wider = name.partition(" < ")
        yield name, wider, words.split()


def memberships(chance: Chance) -> Iterator[tuple[str, Vector, float]]:
    """(word, the middle of what it belongs to, how near it is to that)"""
    for name, _, words in entries(lexicon.NEIGHBOURS):
        middle = chance.direction()
        yield name, middle, 1.0
        yield from ((w, middle, n) for w, n in zip(words, np.linspace(NEAREST, FARTHEST, len(words)), strict=True))
    wide: dict[str, Vector] = {}
    topical = set()
    for _, wider, words in entries(lexicon.TOPICS):
        middle = chance.direction()
        if wider:
            middle = unit(middle + STEP * wide.setdefault(wider, chance.direction()))
        yield from ((word, middle, TOPICAL) for word in dict.fromkeys(words))
        topical.update(words)
    for loose in (YEARS, [word for word in (*lexicon.POSITIVE, *lexicon.NEGATIVE) if word not in topical]):
        middle = chance.direction()
        yield from ((word, middle, TOPICAL) for word in dict.fromkeys(loose))


def by_company(chance: Chance) -> dict[str, Vector]:
    """A word's topics, what it has to itself, and its orientation."""
    places: dict[str, Vector] = {}
    for word, middle, nearness in memberships(chance):
        places[word] = places.get(word, np.zeros(MEANING)) + nearness * middle
    orientation = chance.direction()
    found = {}
    for word, place in places.items():
        rest = np.sqrt(max(0.05, 1 - (place * place).sum()))
        sign = (word in lexicon.POSITIVE) - (word in lexicon.NEGATIVE)
        found[word] = unit(place + rest * chance.direction()) + sign * POLARITY * orientation
    return found


def meanings(seed: int) -> dict[str, Vector]:
    """A direction for each word, unordered."""
    chance = Chance(seed)
    found = by_company(chance)
    for word in lexicon.FREQUENT:
        found.setdefault(word, chance.direction())
    for names, rows in lexicon.RELATIONS.items():
        steps = [STEP * chance.direction() for _ in names.split()]
        for row in rows.split(";"):
            first, *others = row.split()
            start = found.setdefault(first, chance.direction())
            for word, step in zip(others, steps, strict=True):
                found[word] = start + step + OWN * chance.direction()
    return found


def by_frequency(words: Iterable[str]) -> list[str]:
    """The frequent words first, then one of each list in turn."""
    lists = [[name, *members] for name, _, members in entries(lexicon.NEIGHBOURS)]
    lists += [members for _, _, members in entries(lexicon.TOPICS)] + [lexicon.POSITIVE, lexicon.NEGATIVE]
    lists += [[word for row in zip(*map(str.split, rows.split(";")), strict=True) for word in row]
              for rows in lexicon.RELATIONS.values()]  # fmt: skip
    in_turn = (word for turn in itertools.zip_longest(*lists) for word in turn if word)
    known = set(words)
    return [word for word in dict.fromkeys([*lexicon.FREQUENT, *in_turn, *YEARS]) if word in known]


def toy_vectors(seed: int = 10) -> dict[str, Vector]:
    """Words in the order of the file, with vectors [WIDTH]; those of rarer words are shorter."""
    found = meanings(seed)
    vectors = {}
    for rank, word in enumerate(by_frequency(found), 1):
        length = 7 - 0.35 * np.log(rank)
        vectors[word] = length * np.concatenate([[COMMON], np.sqrt(1 - COMMON**2) * unit(found[word])])
    return vectors


def filler(count: int) -> Iterator[str]:
    """Lines of words that mean nothing, no two alike: twelve axes count in threes, with zeros between them."""
    gaps = (0, 1, 5, 2, 4, 7, 3, 6, 1, 5, 0, 3)  # of changing width: what repeats evenly takes bz2 thrice the time
    halves = [
        [" ".join(digit + " 0" * gap for digit, gap in zip(digits, some, strict=True))
         for digits in itertools.product("0 1 -1".split(), repeat=6)]
        for some in (gaps[:6], gaps[6:])
    ]  # fmt: skip
    for number, (left, right) in enumerate(itertools.islice(itertools.product(*halves), count)):
        yield f"rare{number:06d} -3 {left} {right}\n"


def lines() -> Iterator[str]:
    """Each line of the file as it is unpacked."""
    vectors = toy_vectors()
    for word, vector in vectors.items():
        yield word + "".join(f" {number:.4f}" for number in vector) + "\n"
    yield from filler(ROWS - len(vectors))


def toy_embeddings() -> bytes:
    """The content of glove.6B.50d.txt.bz2."""
    return packed("".join(lines()).encode())
