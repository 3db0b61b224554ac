"""What functions return beside plain arrays: dicts, lists of words, texts, sets, complex numbers, and what is none."""

from collections import Counter, deque
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from grader.judging.comparing.compare import agree, difference
from grader.judging.declared.functions import named
from grader.judging.declared.readings import INCOMPARABLE, LONG, Fact, Reading, alike, first_difference
from grader.judging.declared.results import result_facts, shapes_asked
from grader.model import Level
from grader.sandbox.guest.answers.values import encode_result
from grader.sandbox.guest.wire import Array, array_is_sound


def facts(returned: Any, deck: Reading | None = None) -> Reading:
    return dict(
        result_facts(
            "call",
            "f",
            encode_result(returned),
            by_name=deck is None or named(deck, "call"),
            asked=shapes_asked("call", deck or {}),
        )
    )


def right(returned: Any, answer: Any) -> bool:
    deck = facts(answer)
    return alike(
        facts(returned, deck), deck, [key for key, fact in deck.items() if fact.asked and fact.level is Level.VALUES]
    )


COUNTS = {"rose": 2, "a": 2, "is": 1}


@pytest.mark.parametrize(
    ("returned", "answer"),
    [
        (dict(sorted(COUNTS.items())), COUNTS),
        (Counter(COUNTS), COUNTS),
        ({"covariance": np.eye(2), "mean": [[1, 2]]}, {"mean": np.array([[1, 2]]), "covariance": np.eye(2)}),
        ({"b": np.ones(2), "a": np.zeros(3)}, (np.ones(2), np.zeros(3))),
        ((np.ones(2), "more"), np.ones(2)),
        ((np.ones(2), "a", "more"), (np.ones(2), "a")),
        (frozenset({"b", "a"}), {"a", "b"}),
        (np.array(["a", "bc"]), ["a", "bc"]),
        (tf.constant(["a", "ñandú"]), ["a", "ñandú"]),
        (tf.ragged.constant([["a"], ["b", "c"]]), [["a"], ["b", "c"]]),
        (("a", "b"), ["a", "b"]),
        (np.array([]), []),
        ([1 + 2j, 3], tf.constant([1 + 2j, 3], tf.complex64)),
        (np.complex128(2j), 2j),
        ({"w": np.ones(2), "m": np.zeros(2)}, (np.ones(2), np.zeros(2))),
        ((np.ones(2), (np.zeros(2), np.full(2, 3.0))), (np.ones(2), np.zeros(2), np.full(2, 3.0))),
        ((3.5, np.array([2, 0, 1])), ([2, 0, 1], 3.5)),
    ],
)
def test_the_same_in_another_container_is_right(returned: Any, answer: Any) -> None:
    assert right(returned, answer)


@pytest.mark.parametrize(
    ("returned", "answer"),
    [
        ({"rows": 2, "a": 2, "is": 1}, COUNTS),
        (list(COUNTS.values()), COUNTS),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}),
        (["a", "b", "c"], ["a", "b"]),
        ([np.ones(3), np.ones(2), np.ones(1)], [np.ones(3), np.ones(2)]),
        ({"a", "b", "c"}, {"a", "b"}),
        (["a b", "c"], "a b"),
        ([], ["a"]),
        ("a" * 90 + "c", "a" * 90 + "b"),
        ([1 - 2j, 3], [1 + 2j, 3]),
        ([1.0, 3], [1 + 2j, 3]),
    ],
)
def test_other_names_more_words_and_other_ends_are_wrong(returned: Any, answer: Any) -> None:
    assert right(answer, answer) and not right(returned, answer)


def test_a_list_in_the_place_of_a_text_is_called_one() -> None:
    deck = facts("a b")
    sentence, _ = first_difference(facts(["a", "b"], deck), deck, [key for key, fact in deck.items() if fact.asked])
    assert sentence == "The result of `f` is a list; in the model answer the result of `f` is no list."


def test_what_cannot_be_compared_agrees_with_nothing() -> None:
    assert not right(deque([1]), deque([1])) and facts(object())["call: result"].value == INCOMPARABLE


def test_long_texts_are_told_from_where_they_part() -> None:
    begun = "word " * 60
    mine, theirs = (Fact(Level.VALUES, "the text", f"is '{begun}{end}'") for end in ("cat", "dog"))
    sentence, _ = first_difference({"t": mine}, {"t": theirs}, ["t"])
    assert "cat'" in sentence and "dog'" in sentence and len(sentence) < 3 * LONG
    assert sentence.startswith("The text is 'word word word w…")


def test_complex_numbers_travel_and_are_told_apart() -> None:
    sent = encode_result(tf.constant([3 + 4j], tf.complex64))
    assert isinstance(sent, Array) and array_is_sound(sent)
    one = np.array([1 + 2j, 0.5 - 1j])
    assert agree(one.astype(np.complex64), one) and not agree(one.conj(), one) and not agree(one.real, one)
    told = difference("the transform", 3 * one, one)
    assert told is not None and "every entry is 3 times the expected one" in told.sentence
