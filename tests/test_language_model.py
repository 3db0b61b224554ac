"""What is told of a language model without running it: answers among the cells, dropout and samplers from numbers."""

import numpy as np
import pytest

from grader.judging.comparing.arrays import array, send
from grader.judging.instruments.written_answers import TOPICS, answers_in
from grader.judging.kinds.language_model.asking import Forward
from grader.judging.kinds.language_model.dropout import Dropout, bias_in, judged
from grader.judging.kinds.language_model.parts import layout
from grader.judging.kinds.language_model.sampling import never_drawn, way_of
from grader.model import Cell
from grader.sandbox.guest.wire import VariableInfo

QUESTIONS = (
    "**Question 1:** Looking at the samples, point out three properties of English that the model has learned.",
    "**Question 2:** If we could train as long as we wanted, could we ever reach a cost value of 0.0? Say why.",
    "**Question 3:** Give an example where propagating information across many steps beats a simple RNN.",
    "**Question 4:** Would the model be any worse if we were to just delete unknown words? Discuss.",
)
SAID = ["Full stops.", "No: is the word after <UNK> ever sure?", "Brackets.", "Worse, the cost of 0 would lie."]
ANSWERS = (
    "1. Full stops.\n2. No.\n3. Brackets.\n4. Worse.",
    "A1: Full stops.\n\nA2: No.\n\nA3: Brackets.\n\nA4: Worse.",
)


def told(*cells: tuple[str, str]) -> list[str]:
    work = ("code", "class LanguageModel:\n    pass")
    made = [Cell(i, kind, source) for i, (kind, source) in enumerate((work, *cells))]
    found = answers_in(made)
    assert [answer.question for answer in found] == [name for name, _ in TOPICS]
    assert all(answer.asked for answer in found)
    return [answer.text for answer in found]


def test_an_answer_stands_in_the_cell_below_its_question() -> None:
    cells = [("markdown", text) for pair in zip(QUESTIONS, SAID, strict=True) for text in pair]
    assert told(*cells) == SAID


def test_an_answer_stands_in_the_cell_of_its_question() -> None:
    cells = [("markdown", f"{q}\n\n*Answer:* {a}") for q, a in zip(QUESTIONS, SAID, strict=True)]
    assert told(*cells) == SAID


@pytest.mark.parametrize("answers", ANSWERS)
def test_numbered_answers_stand_below_all_questions(answers: str) -> None:
    found = told(("markdown", "\n\n".join(QUESTIONS)), ("markdown", answers))
    assert [text.split(maxsplit=1)[1] for text in found] == ["Full stops.", "No.", "Brackets.", "Worse."]


def test_an_answer_may_be_a_comment_or_a_text_of_a_code_cell() -> None:
    answers = ("# Full stops.\n# And commas.", "print('No.')", "'''Brackets.'''", 'answer = "Worse."')
    cells = [c for q, a in zip(QUESTIONS, answers, strict=True) for c in (("markdown", q), ("code", a))]
    assert told(*cells) == ["Full stops.\nAnd commas.", "No.", "Brackets.", "Worse."]


def test_questions_are_found_in_other_languages() -> None:
    cells = ("1. ¿Qué tres propiedades ha aprendido?", "Puntos.", "2. ¿Puede llegar el coste a 0?", "No.")
    cells += ("**3. galdera.** Noiz laguntzen du hitz asko gogoratzeak?", "Parentesiak.")
    cells += ("4) Eta hitz ezezagunak ezabatuko bagenitu?", "Erantzuna: okerrago.")
    assert told(*(("markdown", cell) for cell in cells)) == ["Puntos.", "No.", "Parentesiak.", "okerrago."]


@pytest.mark.parametrize("below", ["", "*Your answer:*", "**TODO**: write your answer here", "..."])
def test_a_placeholder_is_no_answer(below: str) -> None:
    cells = [("markdown", text) for q in QUESTIONS for text in (q, below)]
    assert told(*cells) == ["", "", "", ""]


def test_without_questions_none_is_said_to_be_asked() -> None:
    assert not any(answer.asked for answer in answers_in([Cell(0, "markdown", "The cost is 0.5 at first.")]))


DICE = np.random.default_rng(1)
STATES, BIAS = DICE.normal(0, 1, (6, 5, 13)), DICE.normal(0, 1, 13)
KEPT = (DICE.uniform(size=STATES.shape) >= 0.3).astype(float)


@pytest.mark.parametrize(
    ("dropped", "expected"),
    [
        (STATES + BIAS, Dropout()),
        (STATES * KEPT / 0.7 + BIAS, Dropout(on_output=True, factor=1 / 0.7)),
        (STATES * KEPT + BIAS, Dropout(on_output=True, factor=1.0)),
        ((STATES + BIAS) * KEPT / 0.7, Dropout(on_logits=True, factor=1 / 0.7)),
        (STATES * 0.9 * KEPT + 0.01 * STATES**2 + BIAS, Dropout(on_states=True)),
    ],
    ids=["nothing", "output", "not scaled", "logits", "states"],
)
def test_what_dropout_did_shows_in_guesses_that_are_states_plus_a_bias(dropped: np.ndarray, expected: Dropout) -> None:
    found = judged(STATES + BIAS, dropped, BIAS)
    assert (found.on_states, found.on_output, found.on_logits) == (
        expected.on_states,
        expected.on_output,
        expected.on_logits,
    )
    assert found.factor == pytest.approx(expected.factor)
    assert found.share == pytest.approx(np.mean(KEPT == 0) if found.on_output or found.on_logits else 0.0, abs=0.02)


def drawn(guesses: np.ndarray) -> list[list[int]]:
    """Sentences from these guesses [n, B, V], <S> first."""
    odds = np.exp(guesses)
    odds /= odds.sum(-1, keepdims=True)
    dice = np.random.default_rng(2)
    return [[0, *(int(dice.choice(13, p=odds[t, row])) for t in range(6))] for row in range(5)]


RIGHT, WRONG, OTHER = (DICE.normal(0, 3, (6, 5, 13)) for _ in range(3))
KNOWN = {"deck": RIGHT, "sampler-forgets-state": WRONG}


@pytest.mark.parametrize(
    ("source", "way"),
    [(RIGHT, "deck"), (WRONG, "sampler-forgets-state"), (OTHER, None)],
    ids=["right", "wrong", "other"],
)
def test_sentences_tell_what_they_were_drawn_from(source: np.ndarray, way: str | None) -> None:
    sentences = drawn(source)
    assert way_of(np.array(sentences), sentences, KNOWN) == way


@pytest.mark.parametrize(
    ("guesses", "greedy", "found"),
    [(RIGHT / 4, True, True), (RIGHT / 4, False, False), (9 * RIGHT, True, False)],
    ids=["greedy", "drawn", "drawn where one word is nearly sure"],
)
def test_a_sampler_that_never_draws_is_told_from_words_that_are_nearly_sure(
    guesses: np.ndarray, greedy: bool, found: bool
) -> None:
    sentences = [[0, *map(int, row)] for row in guesses.argmax(-1).T] if greedy else drawn(guesses)
    assert never_drawn(np.array(sentences), sentences, guesses) == found


def test_states_that_are_dropped_are_no_guesses_dropped_where_the_output_has_a_bias_that_is_not_used() -> None:
    shapes = {"E": (13, 8), "W": (20, 48), "b": (48,), "W_out": (12, 13), "b_out": (13,)}
    found = layout([VariableInfo(path, shape, "float32", n) for n, (path, shape) in enumerate(shapes.items())], 13)
    assert found is not None and found.out_bias is not None
    generator = np.random.default_rng(3)
    bias, states = generator.normal(size=13), generator.normal(size=(4, 5, 13))
    states[..., -1] = 0.0  # as W_out is written
    kept = np.where(generator.random(states.shape) < 0.3, 0.0, states / 0.7)
    for used, factor in ((bias, 1.0), (np.zeros(13), 0.0)):
        plain = states + factor * bias
        assert np.array_equal(np.broadcast_to(bias_in(plain, found, {"b_out": bias}), 13), used)
        assert judged(plain, kept + factor * bias, bias_in(plain, found, {"b_out": bias})).on_output


def test_a_model_that_mixes_its_sentences_is_given_words_that_it_reads_as_ours() -> None:
    ours = np.arange(12).reshape(3, 4)
    forward = Forward("model", (send(ours),), {}, own=True, words={0: "x"}, rates={}, cut_anew=True)
    given = array(forward.given(0, forward.args[0], ours, 0.0))
    assert given is not None and not np.array_equal(given, ours)
    assert np.array_equal(given.reshape(4, 3).T, ours)
    assert np.array_equal(forward.read(given), ours)
