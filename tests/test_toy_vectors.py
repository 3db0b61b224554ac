"""The toy word vectors: what lies near what, steps that are equal, orientation, and the form of the file."""

import itertools
import re
from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from grader.data.toy import lexicon
from grader.data.toy.treebank import toy_treebank
from grader.data.toy.vectors import ROWS, WIDTH, entries, filler, lines, toy_vectors

GOOD_SEEDS = "good nice excellent positive fortunate correct superior".split()
BAD_SEEDS = "bad nasty poor negative unfortunate wrong inferior".split()


class Space:
    """Length-normalised vectors, as the course's notebooks keep them."""

    def __init__(self, vectors: dict[str, NDArray[np.float64]]) -> None:
        self.words = list(vectors)
        self.matrix = np.array(list(vectors.values()))
        self.matrix /= np.linalg.norm(self.matrix, axis=1, keepdims=True)

    def __getitem__(self, word: str) -> NDArray[np.float64]:
        return self.matrix[self.words.index(word)]

    def nearest(self, vector: NDArray[np.float64], but: Iterable[str] = ()) -> list[str]:
        return [self.words[i] for i in np.argsort(-(self.matrix @ vector)) if self.words[i] not in but]

    def analogy(self, a: str, b: str, c: str) -> list[str]:
        return self.nearest(self[c] - self[a] + self[b], but=(a, b, c))

    def orientation(self, word: str) -> float:
        return float(sum(self[word] @ self[seed] for seed in GOOD_SEEDS) -
                     sum(self[word] @ self[seed] for seed in BAD_SEEDS))  # fmt: skip


@pytest.fixture(scope="module")
def space() -> Space:
    return Space(toy_vectors())


def rows(relation: str) -> list[list[str]]:
    return [row.split() for row in lexicon.RELATIONS[relation].split(";")]


@pytest.mark.parametrize("word", ["jesus", "xbox", "reddish", "scratched", "megabits", "pound", "dog"])
def test_the_thirty_neighbours_of_a_word_are_those_written_down(space: Space, word: str) -> None:
    written = next(words for name, _, words in entries(lexicon.NEIGHBOURS) if name == word)
    assert len(written) >= 30
    found = space.nearest(space[word])
    assert found[0] == word
    assert len({*written} - {*found[1:35]}) <= 2


def test_the_neighbours_of_france_are_of_its_world(space: Space) -> None:
    places = {word for row in rows("capital nationality city") + rows("town") for word in row}
    assert {*space.nearest(space["france"])[:31]} - places <= {"europe", "luxembourg", "england"}


@pytest.mark.parametrize("relation", lexicon.RELATIONS)
def test_every_pair_of_a_relation_leads_every_other_to_its_partner(space: Space, relation: str) -> None:
    table = rows(relation)
    for one, other in zip(table, table[1:] + table[:1], strict=True):
        for column in range(1, len(one)):
            right = {row[column] for row in table if row[0] == other[0]}
            if one[0] != other[0]:
                assert space.analogy(one[0], one[column], other[0])[0] in right, (one, other)


def test_the_deck_s_own_analogies_come_out_as_in_the_deck(space: Space) -> None:
    found = space.nearest(space["italy"] - space["france"] + space["paris"])
    assert found[0] == "rome"
    assert {"italy", "milan", "turin", "venice", "naples"} <= {*found[:15]}
    assert space.analogy("man", "king", "woman")[0] == "queen"
    assert space.analogy("france", "italy", "paris")[0] == "rome"


def test_praise_and_blame_are_told_apart_by_turney_s_seeds(space: Space) -> None:
    assert min(space.orientation(word) for word in lexicon.POSITIVE) > 1.5
    assert max(space.orientation(word) for word in lexicon.NEGATIVE) < -1.5
    plain = [space.orientation(word) for word in "table river monday spain seven computer".split()]
    assert max(map(abs, plain)) < 2.5


def test_every_word_of_the_toy_treebank_has_a_vector(space: Space) -> None:
    text = " ".join(toy_treebank().values())
    assert {word.lower() for word in re.sub(r"\(\d |\)", "", text).split()} <= {*space.words}


def test_frequent_words_come_first_and_are_longer(space: Space) -> None:
    assert space.words[:6] == ["the", ",", ".", "of", "to", "and"]
    lengths = [float(np.linalg.norm(vector)) for vector in toy_vectors().values()]
    assert lengths == sorted(lengths, reverse=True) and lengths[-1] > 4
    assert len(lengths) > 1500


def test_filler_never_comes_between_a_word_and_its_neighbours(space: Space) -> None:
    empty = np.array([[float(x) for x in line.split()[1:]] for line in itertools.islice(filler(ROWS), 0, None, 29)])
    empty /= np.linalg.norm(empty, axis=1, keepdims=True)
    hundredth = np.sort(space.matrix @ space.matrix.T, axis=1)[:, -100]
    assert (empty @ space.matrix.T).max() < hundredth.min()


def test_the_file_has_four_hundred_thousand_different_lines_of_fifty_numbers() -> None:
    read = [line.split(" ", 1) for line in "".join(lines()).splitlines()]  # packed below notebooks that read them
    assert len({word for word, _ in read}) == len({numbers for _, numbers in read}) == len(read) == ROWS
    assert {numbers.count(" ") for _, numbers in read} == {WIDTH - 1}


def test_the_same_seed_gives_the_same_vectors_and_another_seed_others() -> None:
    first, again, other = toy_vectors(), toy_vectors(), toy_vectors(seed=2)
    assert all(np.array_equal(first[word], again[word]) for word in first)
    assert not np.allclose(first["dog"], other["dog"])
