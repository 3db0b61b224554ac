"""The vocabulary of a notebook is found by what its globals hold, and ours takes its place for one question."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from grader.judging.comparing.arrays import array
from grader.judging.examiner import Examiner
from grader.judging.kinds.embeddings.asking import Form
from grader.judging.kinds.embeddings.own import copied, question_file
from grader.judging.kinds.embeddings.tables import printed_rows
from grader.judging.kinds.embeddings.vocabulary import SIZE, Holders, Secret, held, plain, put, secret
from grader.judging.oracle import Oracle
from grader.model import Cell, Limits, TrainBudget
from grader.sandbox.guest.wire import Call, Inventory, Listing, Mapping, Put, Survey
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import open_session

NOTEBOOK = """
import numpy as np, tensorflow as tf
words = [f"word{i}" for i in range(300)]
hitzak, bag = np.array(words), set(words)
number_of = {w: i for i, w in enumerate(words)}
word_of = dict(enumerate(words))
total = len(words)
as_read = np.random.default_rng(1).normal(size=(300, 7))
unit = (as_read / np.linalg.norm(as_read, axis=1, keepdims=True)).astype("float32")
columns, tensor = unit.T, tf.constant(unit)
of_word = {w: [float(n) for n in unit[i]] for w, i in number_of.items()}
seeds, others, part = ["good", "nice"], list("abc") * 50, unit[:40]
"""
PLOTTED_LATER = """
words = words[100:130]  # what the plotting cell shows


def analogy(pair, seed, k=10):
    sim = unit @ (unit[number_of[pair[1]]] - unit[number_of[pair[0]]] + unit[number_of[seed]])
    for i in np.argsort(-sim)[:k]:
        print(words[i], f"{sim[i]:.4f}")
"""
SHAPES = """lambda: [type(words).__name__, len(words), hitzak.dtype.kind,
sorted(bag) == sorted(words), word_of[79] == words[79],
number_of[words[5]], total, type(tensor).__name__, float(abs(columns[:, 5] - unit[5]).max()),
float(abs(tensor[5] - unit[5]).numpy().max()), float(abs(np.array(of_word[words[5]]) - unit[5]).max()),
float(np.linalg.norm(unit[5])), float(np.linalg.norm(as_read[5])), str(as_read.dtype), len(others), len(part)]"""


@pytest.fixture(scope="module")
def x(oracle: Oracle) -> Iterator[Examiner]:
    setting = Setting(slot=6, data={}, limits=Limits(cell=40), budget=TrainBudget(), seed=1, isolation=best_isolation())
    cells = (Cell(0, "code", NOTEBOOK),)
    with open_session(setting) as session:
        yield Examiner("a2_embeddings", cells, session.run(cells), session.ask, oracle, seed=3)


@pytest.fixture(scope="module")
def holders(x: Examiner) -> Holders:
    survey = x.ask("survey", Survey("all")).values["all"]
    assert isinstance(survey, Inventory)
    return held(x, survey)


@pytest.fixture(scope="module")
def ours(x: Examiner, holders: Holders) -> Secret:
    return secret(x, holders)


def test_a_vocabulary_is_found_under_any_names(holders: Holders) -> None:
    assert (holders.size, holders.width) == (300, 7)
    assert holders.words == {"words": "list", "hitzak": "ndarray", "bag": "set"}
    assert (holders.numbers, holders.names, holders.counts) == (("number_of",), ("word_of",), ("total",))
    assert holders.vectors == {"of_word": ("list", True)}
    assert holders.lists["seeds"] == ("good", "nice") and "others" not in holders.lists


def test_matrices_are_told_by_length_and_by_side(holders: Holders) -> None:
    found = {matrix.name: (matrix.unit, matrix.transposed, matrix.made_by) for matrix in holders.matrices}
    assert found == {
        "as_read": (False, False, "numpy"),
        "unit": (True, False, "numpy"),
        "columns": (True, True, "numpy"),
        "tensor": (True, False, "tensor"),
    }
    assert holders.unit and holders.raw and holders.main is not None and holders.main.name != "as_read"


def shapes(x: Examiner, *steps: Any) -> list[Any]:
    seen = x.ask("shapes", *steps, Call(f"({SHAPES})", into="s")).values["s"]
    assert isinstance(seen, Listing)
    found: list[Any] = plain(seen)
    return found


def test_ours_has_the_forms_and_lengths_of_the_notebooks(x: Examiner, holders: Holders, ours: Secret) -> None:
    length = float(ours.lengths[5])
    assert length != pytest.approx(1)
    assert shapes(x, *put(holders, ours)) == [
        "list", SIZE, "U", True, True, 5, SIZE, "EagerTensor", 0.0, 0.0, pytest.approx(0, abs=1e-6),
        pytest.approx(1, abs=1e-5), pytest.approx(length, abs=1e-5), "float64", 150, 40,
    ]  # fmt: skip


def test_afterwards_the_notebook_has_its_own_again(x: Examiner, holders: Holders, ours: Secret) -> None:
    x.ask("put", *put(holders, ours))
    assert shapes(x)[1:7] == [300, "U", True, True, 5, 300]


def test_without_vectors_the_names_of_the_handout_are_used(x: Examiner) -> None:
    nothing = Holders(0, 50, {}, (), (), {}, (), (), {})
    ours = secret(x, nothing)
    seen = x.ask("given", *put(nothing, ours), Call("(lambda: matrix[word2ind[words[7]]])", into="row"))
    assert np.allclose(array(seen.values["row"]), ours.U[7])


def without_its_words(x: Examiner) -> tuple[Holders, Form]:
    holders = msgspec.structs.replace(held(x, Inventory((), (), {}, (), {}, (), ())), words={})
    return holders, Form("analogy", 1, pair=True, count="k", k_is_next=True)


def test_a_cell_that_reuses_the_name_of_the_words_costs_no_answer(x: Examiner, ours: Secret) -> None:
    kept = "(lambda: exec(PLOTTED, globals()))"
    holders, form = without_its_words(x)
    assert holders.words_reused
    later = [Put("PLOTTED", PLOTTED_LATER), Call(kept), *copied(holders)]
    seen = x.ask("later", *later, *form.call(("word1", "word2", "word3"), 10))
    rows = printed_rows(seen.printed, {f"word{i}" for i in range(300)})
    assert len(rows) == 10 and not {row.word for row in rows} <= {f"word{i}" for i in range(100, 130)}
    about_ours = x.ask("ours", *later, *put(holders, ours), *form.call(ours.words[:3], 10))
    assert len(printed_rows(about_ours.printed, set(ours.words))) == 10


def test_calls_that_only_stop_with_an_error_are_no_wrong_answers(x: Examiner) -> None:
    holders, form = without_its_words(x)
    known = dict.fromkeys(("germany", "berlin", "spain", "madrid"), 1)
    stops = msgspec.structs.replace(holders, numbers=("known",))
    asking = msgspec.structs.replace(x, asking=lambda q: x.asking(msgspec.structs.replace(
        q, steps=(Put("known", Mapping(known)), *q.steps))))  # fmt: skip
    assert question_file(asking, stops, msgspec.structs.replace(form, name="no_such_function")) is None
