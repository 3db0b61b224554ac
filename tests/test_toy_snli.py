"""The invented pairs: in the format of SNLI, no label to be had from one sentence alone, words that have vectors."""

import re
from collections import Counter
from functools import cache

import msgspec
import pytest

from grader.data.parts import Pair
from grader.data.toy.snli import PAIRS, WRITES, Dice, Scene, contradicted, entailed, told, toy_snli, unrelated
from grader.data.toy.vectors import toy_vectors


@cache
def pairs(name: str = "snli_1.0_train.jsonl") -> list[Pair]:
    return [msgspec.json.decode(line, type=Pair) for line in toy_snli()[name].splitlines()]


def words(parse: str) -> list[str]:
    return re.sub(r"[()]", " ", parse).split()


def test_the_same_pairs_are_made_every_time_and_others_from_another_seed() -> None:
    assert toy_snli() == toy_snli()
    assert toy_snli(seed=31) != toy_snli()


def test_labels_are_even_and_some_pairs_have_none() -> None:
    counts = Counter(pair.gold_label for pair in pairs())
    assert set(counts) == {*WRITES, "-"}
    assert 0.01 < counts.pop("-") / len(pairs()) < 0.03
    assert max(counts.values()) < 1.05 * min(counts.values())


def test_no_pair_stands_in_two_places() -> None:
    everywhere = [(p.sentence1_binary_parse, p.sentence2_binary_parse) for name in PAIRS for p in pairs(name)]
    assert len(set(everywhere)) == len(everywhere) == sum(PAIRS.values())


def test_brackets_close_and_hold_two_parts_each() -> None:
    pair_of_parts = re.compile(r"\( [^() ]+ [^() ]+ \)")
    for pair in pairs()[:500]:
        parse = f"( {pair.sentence1_binary_parse} {pair.sentence2_binary_parse} )"
        while (folded := pair_of_parts.sub("x", parse)) != parse:
            parse = folded
        assert parse == "x"


def test_every_word_has_a_toy_vector_and_dog_is_among_them() -> None:
    seen = {word.lower() for pair in pairs() for word in words(pair.sentence1_binary_parse)}
    seen |= {word.lower() for pair in pairs() for word in words(pair.sentence2_binary_parse)}
    assert "dog" in seen
    assert seen <= set(toy_vectors())


def test_a_hypothesis_alone_tells_the_label_of_far_from_all() -> None:
    """The best guess from each hypothesis seen in training, on dev."""
    guesses: dict[str, Counter[str]] = {}
    for pair in pairs():
        guesses.setdefault(pair.sentence2_binary_parse, Counter())[pair.gold_label] += 1
    known = [pair for pair in pairs("snli_1.0_dev.jsonl") if pair.sentence2_binary_parse in guesses]
    right = sum(guesses[p.sentence2_binary_parse].most_common(1)[0][0] == p.gold_label for p in known)
    assert len(known) > 300
    assert right / len(known) < 0.8


@pytest.mark.parametrize("seed", range(40))
def test_what_follows_adds_nothing_and_what_contradicts_exchanges_something(seed: int) -> None:
    scene = Scene("man", "eating a pizza", "eating a meal", "in the park", "outside", "orange shirt", "young")
    allowed = {*words(told(scene).lower()), "person", "a", "meal", "outside", "wearing", "an"}
    dice = Dice(seed)
    assert {*words(entailed(dice, scene).lower())} <= allowed
    assert not {*words(contradicted(dice, scene).lower())} <= allowed
    assert not {*words(unrelated(dice, scene).lower())} <= allowed
