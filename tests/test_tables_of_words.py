"""Tables as students print or return them are read, and the order of words is told from other orders."""

import numpy as np
import pytest

from grader.judging.kinds.embeddings.tables import (
    Row,
    Shown,
    explanation_of,
    follows,
    numbered,
    printed_rows,
    returned_rows,
    tables,
)
from grader.sandbox.guest.wire import Array, Listing, Mapping, Value
from reference.a2_embeddings import analogy

WORDS = ("bako", "dimu", "felo", "gasi", "kuto")
PRINTED = {
    "a line for each": "  1  dimu     1   0.8123\n  2  kuto     4   0.5000\n",
    "under a title": "bako - felo + gasi\n-----\n1. dimu (0.8123)\n2. kuto (0.5000)",
    "numbers first": "0.8123 dimu\n0.5000 kuto",
    "all in one line": "bako : felo = gasi : dimu (0.8123), kuto (0.5000)",
    "pairs of Python": "[('dimu', np.float32(0.8123)), ('kuto', 0.5000)]",
    "bars and colours": "| \x1b[1mdimu\x1b[0m | 0.8123 |\n│ kuto │ 0.5000 │",
    "per cent": "dimu -> 81.23%\nkuto -> 50.00%",
    "decimal commas": "1. dimu 0,8123\n2. kuto 0,5000",
    "scientific": "dimu 8.123e-01\nkuto 5.000e-01",
}


@pytest.mark.parametrize("text", PRINTED.values(), ids=PRINTED)
def test_words_stand_with_their_numbers_however_they_are_printed(text: str) -> None:
    rows = printed_rows(text, WORDS)
    assert [row.word for row in rows] == ["dimu", "kuto"]
    scale = 100 if "%" in text else 1
    assert [row.numbers[0] / scale for row in rows] == pytest.approx([0.8123, 0.5])


def test_whole_per_cents_are_numbers() -> None:
    expected = Row("dimu", (81.0,), (1.0,)), Row("kuto", (50.0,), (1.0,))
    assert printed_rows("1 dimu 81 %\n2 kuto 50%", WORDS) == expected


def test_a_table_without_decimals_is_a_list_of_words() -> None:
    assert printed_rows("1. dimu 3\n2. kuto 5", WORDS) == (Row("dimu", (), ()), Row("kuto", (), ()))


def test_a_title_that_names_the_words_of_the_question_is_no_row() -> None:
    assert printed_rows("bako is to dimu as felo is to ...\nkuto 0.7", WORDS) == (Row("kuto", (0.7,), (0.1,)),)


def array(values: list[float] | list[int]) -> Array:
    numbers = np.array(values)
    return Array(numbers.dtype.name, numbers.shape, numbers.tobytes())


RETURNED: dict[str, Value] = {
    "pairs": Listing((Listing(("dimu", 0.9)), Listing(("kuto", 0.5)), Listing(("bako", 0.1)))),
    "similarity first": Listing((Listing((0.9, "dimu")), Listing((0.5, "kuto")), Listing((0.1, "bako")))),
    "rows of a frame": Listing((Listing((0, "dimu", 0.9)), Listing((1, "kuto", 0.5)), Listing((2, "bako", 0.1)))),
    "a dict": Mapping({"dimu": 0.9, "kuto": 0.5, "bako": 0.1}),
    "numbers of words, one similarity each": Listing((array([1, 4, 0]), array([0.9, 0.5, 0.1]))),
    "numbers of words, all similarities": Listing((array([1, 4, 0]), array([0.1, 0.9, 0.05, 0.02, 0.5]))),
    "similarities before words": Listing((array([0.9, 0.5, 0.1]), Listing(("dimu", "kuto", "bako")))),
}


@pytest.mark.parametrize("value", RETURNED.values(), ids=RETURNED)
def test_what_is_returned_is_read_as_a_table(value: Value) -> None:
    rows = returned_rows(value, WORDS)
    assert [row.numbers[-1] for row in rows] == [0.9, 0.5, 0.1]
    assert len({row.word for row in rows}) == 3


@pytest.mark.parametrize("value", [None, 0.5, Listing(()), Listing((0.1, 0.2, 0.3)), Mapping({"other": 1.0})])
def test_what_is_no_table_gives_no_rows(value: Value) -> None:
    assert returned_rows(value, WORDS) == ()


def test_a_word_that_comes_again_begins_another_table() -> None:
    rows = printed_rows("best: dimu 0.9\ndimu 0.9\nkuto 0.5\ndimu 0.9\nbako 0.1", WORDS)
    assert [[row.word for row in table] for table in tables(rows)] == [["dimu"], ["dimu", "kuto"], ["dimu", "bako"]]


SCORE = np.array([0.9, 0.8, 0.7, 0.7, 0.5, 0.4, 0.3, -0.2])


@pytest.mark.parametrize(
    ("shown", "right"),
    [
        ([0, 1, 2, 3], True),
        ([0, 1, 3, 2], True),  # equal scores, either first
        ([0, 1, 2, 3, 7], True),  # the last row of a table is the last of the vocabulary
        ([0, 1, 2, 3, 6, 7], True),
        ([0, 2, 3, 4], True),  # 1 is a word of the question and may be left out
        ([1, 0, 2, 3], True),  # or stand anywhere
        ([0, 1, 2, 4], False),  # 3 is missing
        ([2, 0, 3, 4], False),
        ([7, 6, 5, 4], False),
        ([0, 2], False),  # too short to tell
        ([0, 2, 2, 3], False),
        ([0, 2, 3, 5, 7], False),
    ],
)
def test_an_order_is_right_up_to_ties_words_of_the_question_and_the_end(shown: list[int], right: bool) -> None:
    assert follows(shown, SCORE, free={1}) is right


def test_one_column_of_all_rows_has_to_hold_the_similarities() -> None:
    expected = {"dimu": 0.8123, "kuto": 0.5, "bako": 0.1}
    assert numbered(printed_rows("dimu 0.11 0.812\nkuto 0.22 0.500\nbako 0.33 0.100", WORDS), expected)
    assert not numbered(printed_rows("dimu 0.812 0.11\nkuto 0.22 0.500\nbako 0.100 0.33", WORDS), expected)
    assert not numbered(printed_rows("dimu nan\nkuto 0.5\nbako 0.1", WORDS), expected)


def test_secret_vectors_tell_every_explanation_from_those_of_other_names() -> None:
    """Also when only the first rows are shown and the words of the question are left out."""
    generator = np.random.default_rng(5)
    U = generator.normal(size=(80, 50))
    U[9] += 2 * (U[2] - U[0] + U[1])  # an answer, so that the best word is none of the question's
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    lengths = generator.uniform(0.5, 2, 80)
    words = tuple(f"w{i}" for i in range(80))
    answers = analogy({"U": U, "lengths": lengths, "a": 0, "b": 1, "c": 2})
    for name, answer in answers.items():
        order = [i for i in np.argsort(-answer["score"]) if i > 2][:12]
        rows = tuple(Row(words[i], (round(float(answer["shown"][i]), 4),), (1e-4,)) for i in order)
        shown = Shown(rows, words, frozenset(words[:3]), answers)
        found = explanation_of([shown], order=True, numbers=True)
        assert found is not None and found.split("/")[0] == name.split("/")[0]
