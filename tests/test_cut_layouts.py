"""Attention and language models whose variables are cut otherwise: read where they can be, open where they cannot."""

import numpy as np
import pytest
from msgspec.structs import replace
from test_other_layouts import contact, trained, variables

from grader.judging.binding.cuts import blocks
from grader.judging.kinds.attention import checks as lab5
from grader.judging.kinds.attention.asking import Answer
from grader.judging.kinds.attention.cuts import ways
from grader.judging.kinds.attention.evidence import Evidence as Attentive
from grader.judging.kinds.attention.layout import PLACES, layout
from grader.judging.kinds.language_model import checks as a3
from grader.judging.kinds.language_model.interview import Evidence as LanguageModel
from grader.judging.kinds.language_model.parts import layouts
from grader.judging.kinds.language_model.roles import Explained, Roles
from grader.judging.kinds.word_by_word.parts import Sizes, sorted_out
from grader.model import Verdict
from grader.sandbox.guest.wire import TapeEvent, VariableInfo, Watched

WORDS, E, D = 13, 11, 9  # in the vocabulary; numbers of a vector, of a state
HEIGHTS = {E + D, E, D}


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        ((20, 9), 1), ((9, 20), 1), ((20, 27), 3), ((27, 20), 3), ((60, 9), 3), ((9, 60), 3), ((3, 20, 9), 3),
        ((20, 3, 9), 3), ((3, 9, 20), 3), ((2, 3, 20, 9), 6), ((1, 20, 9), 1), ((9,), 1), ((9, 1), 1), ((1, 27), 3),
        ((3, 9), 3), ((2, 4, 9), 8), ((7, 5), 0), ((11,), 0), ((10, 20, 9), 0), ((20, 7), 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_blocks_cover_a_variable_once_and_are_as_the_slide_has_them(
    shape: tuple[int, ...], count: int, turned: bool
) -> None:
    made = blocks(VariableInfo("c.W", shape, "float32"), HEIGHTS, D, turned)
    entries = np.arange(np.prod(shape)).reshape(shape)
    parts = [piece.of(entries) for piece in made]
    assert len(parts) == count
    assert all(part.shape in {(20, 9), (11, 9), (9, 9), (9,)} for part in parts)
    assert not parts or sorted(np.concatenate([part.reshape(-1) for part in parts])) == list(range(entries.size))


def test_a_square_is_turned_where_all_the_others_are() -> None:
    square, entries = VariableInfo("c.U", (D, D), "float32"), np.arange(D * D).reshape(D, D)
    (straight,), (turned,) = blocks(square, HEIGHTS, D), blocks(square, HEIGHTS, D, turned=True)
    np.testing.assert_array_equal(straight.of(entries), turned.of(entries).T)


READER = {"W_y_attn": (D, D), "W_h_attn": (D, D), "w_attn": (D, 1), "W_cl": (D, 3), "b_cl": (3,)}
JOIN = {"W_comb": (2 * D, D), "b_comb": (D,)}
COLUMNS = READER | {"w_attn": (1, D), "W_cl": (3, D), "b_cl": (3, 1), "W_comb": (D, 2 * D), "b_comb": (D, 1)}
APART = {f"{kind}_{gate}_{side}": (20, 9) if kind == "W" else (9,) for gate in "zrc" for side in "ph" for kind in "Wb"}
PAIRS: dict[str, dict[str, tuple[int, ...]]] = {
    "as handed out": {"E": (WORDS, E)} | APART | READER | JOIN,
    "gates side by side": {"E": (WORDS, E), "Wp": (20, 27), "bp": (27,), "Wh": (20, 27), "bh": (27,)} | READER | JOIN,
    "one cube": {"E": (WORDS, E), "W": (2, 3, 20, 9), "b": (2, 3, 9)} | READER | JOIN,
    "vectors that are no variable": {"W": (6, 20, 9), "b": (6, 9)} | READER | JOIN,
    "biases of everything together": {"E": (WORDS, E), "W": (3, 20, 18), "b": (7, 9)} | READER | {"W_comb": (18, 9)},
    "columns": {"E": (WORDS, E), "Wp": (27, 20), "bp": (27, 1), "Wh": (27, 20), "bh": (27, 1)} | COLUMNS,
    "words as columns too": {"E": (E, WORDS), "W": (2, 27, 20), "b": (2, 27, 1)} | COLUMNS,
}


@pytest.mark.parametrize("name", PAIRS)
def test_two_readers_and_an_attention_are_found_whatever_way_they_are_cut(name: str) -> None:
    made = variables(**PAIRS[name])
    first, arrangement = next(ways(made, WORDS))
    assert len(first.cells) == 6 and first.reads_out and len(first.biases) == 7 and not first.others
    assert {f"{kind}_{place}" for place in PLACES for kind in "Wb"} < set(first.roles)
    assert (first.dim, first.width, "E" in first.roles) == (D, E, "E" in PAIRS[name])
    values = {v.path: np.random.default_rng(1).normal(size=v.shape) for v in made}
    seen = {v.path: v.shape for v in arrangement.variables}
    assert seen[first.roles["w"]] in ((D, 1), (D,)) and seen[first.roles["W_combination"]] == (2 * D, D)
    for path in first.roles.values():
        new = np.random.default_rng(2).normal(size=seen[path])
        np.testing.assert_array_equal(arrangement.seen(arrangement.planted(values, path, new))[path], new)


def test_what_is_no_such_layout_is_not_read_as_one() -> None:
    assert not list(ways(variables(E=(WORDS, E), theta=(2000,)), WORDS))
    assert not list(ways(variables(E=(WORDS, E), **READER), WORDS))


def attentive(reached: bool = True, **more: tuple[int, ...]) -> Attentive:
    """A right layout beside which the class has more, whose attention no form explains."""
    made = tuple(variables(**PAIRS["as handed out"], **more))
    some = contact(True, None).initial[0].value
    gradients = tuple(some if reached or v.path[2:] not in more else None for v in made)
    step = Watched((TapeEvent(1.1, tuple(v.path for v in made), gradients),), (), made, made, None)
    attn = np.tile(np.arange(10) / 45, (5, 1))
    return Attentive(
        replace(contact(True, None), watched=step, initial=made), layout=layout(made, WORDS), answer=Answer(None, attn),
        known={"deck": {"attn": attn[::-1, ::-1], "logits": attn}}, read=True,
    )  # fmt: skip


def test_a_class_that_holds_more_is_left_open_and_told_what() -> None:
    held = lab5.attention(attentive(W_gate=(D + 2, D + 1)))
    assert held.verdict is Verdict.UNSURE and "W_gate" in held.message
    assert lab5.attention(attentive()).verdict is Verdict.FAIL
    assert lab5.attention(attentive(reached=False, W_gate=(D + 2, D + 1))).verdict is Verdict.FAIL


def test_a_step_that_moves_all_trains_all_whatever_the_variables_are() -> None:
    unread = Attentive(trained(E=(WORDS, E), theta=(700,)).contact, standing=("c.E",))
    assert lab5.all_trained(unread).verdict is Verdict.PASS
    assert lab5.all_trained(replace(unread, standing=("c.theta",))).verdict is Verdict.UNSURE


LSTM = {"E": (WORDS, E), "W_out": (D, WORDS), "b_out": (WORDS,)}


@pytest.mark.parametrize(
    "shapes",
    [
        {f"W{g}": (9, 20) for g in "ifoj"} | {f"b{g}": (9, 1) for g in "ifoj"},
        {"W": (20, 4, 9), "b": (4, 9)},
        {"W": (4, 9, 20), "b": (4, 9, 1)},
        {"W": (80, 9), "b": (36,)},
    ],
)
def test_four_gates_of_a_language_model_are_found(shapes: dict[str, tuple[int, ...]]) -> None:
    found = next(layouts(variables(**LSTM, **shapes), WORDS))
    assert len(found.matrices) == len(found.biases) == 4 and not found.others
    assert all(block.rows == "eh" and block.places.shape == (20, 9) for block in found.matrices)


GATES = {"W": (4, 20, 9), "b": (4, 9)}


@pytest.mark.parametrize(
    ("shapes", "embedding", "out"),
    [
        ({"V": (WORDS, D), "E": (E, WORDS)}, "c.E", "c.V"),
        ({"salida": (WORDS, D), "entrada": (WORDS, E)}, "c.entrada", "c.salida"),
        ({"table": (WORDS, E), "out": (D, WORDS)}, "c.table", "c.out"),
        ({"out": (D, WORDS), "table": (E, WORDS)}, "c.table", "c.out"),
    ],
)
@pytest.mark.parametrize("bias", [(WORDS,), (1, WORDS), (WORDS, 1)])
def test_tables_of_words_are_found_whichever_way_round_they_are_kept(
    shapes: dict[str, tuple[int, ...]], embedding: str, out: str, bias: tuple[int, ...]
) -> None:
    found = next(layouts(variables(**shapes, **GATES, b_out=bias), WORDS))
    assert (found.embedding.path, found.out.path) == (embedding, out) and found.out_bias is not None
    assert (found.embedding.shape, found.out.shape) == ((WORDS, E), (D, WORDS)) and not found.others
    weights = {f"c.{name}": np.random.default_rng(1).normal(size=shape) for name, shape in shapes.items()}
    for table in (found.embedding, found.out):
        assert table.of(weights).shape == table.shape
        np.testing.assert_array_equal(table.kept(table.of(weights)), weights[table.path])


def test_what_is_exchanged_where_both_are_as_wide_is_tried_too() -> None:
    pairs = [
        way.embedding.path for way in layouts(variables(E=(D, WORDS), V=(WORDS, D), W=(4, 18, 9), b=(4, 9)), WORDS)
    ]
    assert {"c.E", "c.V"} == set(pairs)


def test_matrices_that_may_hold_columns_or_rows_are_read_in_both_ways() -> None:
    split = {f"{kind}{g}": (D, D) for g in "ifoj" for kind in "WU"}
    same_width = variables(E=(WORDS, D), W_out=(D, WORDS), **split)
    straight, turned, *exchanged = layouts(same_width, WORDS)
    assert not straight.cut_up and turned.cut_up
    assert straight.embedding.path == turned.embedding.path == "c.E"
    assert all((way.embedding.path, way.out.path) == ("c.W_out", "c.E") for way in exchanged)


@pytest.mark.parametrize("more", [{"theta": (408,)}, {"W": (20, 25)}, {"W": (4, 17, 9)}])
def test_an_lstm_that_cannot_be_read_is_left_open(more: dict[str, tuple[int, ...]]) -> None:
    e = LanguageModel(trained(**LSTM, **more).contact)
    assert a3.cell(e).verdict is Verdict.UNSURE
    alone = LanguageModel(trained(everything=(700,)).contact)
    assert a3.cell(alone).verdict is Verdict.UNSURE


def test_a_language_model_without_anything_that_could_be_an_lstm_fails() -> None:
    assert a3.cell(LanguageModel(trained(**LSTM, b=(4 * D,)).contact)).verdict is Verdict.FAIL


def test_turned_matrices_that_no_form_explains_are_left_open() -> None:
    turned = {f"W{g}": (9, 20) for g in "ifoj"}
    guesses = np.zeros((3, 8, WORDS))
    for shapes, verdict in ((turned, Verdict.UNSURE), ({g: (20, 9) for g in turned}, Verdict.FAIL)):
        made = variables(**LSTM, **shapes)
        told = Explained(Roles({}), None, {"deck": {"logits": guesses + 1}})
        e = LanguageModel(
            trained(**LSTM, **shapes).contact, layout=next(layouts(made, WORDS)), guesses=guesses, explained=told
        )
        assert a3.cell(e).verdict is verdict


@pytest.mark.parametrize(
    "shapes",
    [
        {"Wp": (27, 20), "bp": (27, 1), "Wm": (27, 27), "bm": (27, 1), "Wa": (18, 9), "W_cl": (3, 9)},
        {"Wp": (20, 3, 9), "bp": (3, 9), "Wm": (27, 3, 9), "bm": (3, 9), "Wa": (18, 9), "W_cl": (9, 3)},
        {"Wp": (60, 9), "bp": (27,), "Wm": (81, 9), "bm": (27,), "Wa": (18, 9), "W_cl": (9, 3)},
    ],
)
def test_blocks_of_word_by_word_attention_are_found(shapes: dict[str, tuple[int, ...]]) -> None:
    made = variables(E=(WORDS, E), b_cl=(3,), **shapes)
    found = sorted_out(made, WORDS, E)
    turned = sorted_out([*variables(E=(E, WORDS)), *made[1:]], WORDS, E)
    assert turned is not None and turned.E is not None and turned.sizes == Sizes(E, D) and not turned.others
    assert turned.E.view({"c.E": np.zeros((E, WORDS))}).shape == (WORDS, E)
    assert found is not None and len(found.matrices) == 7 and len(found.biases) == 6 and not found.others
    values = {v.path: np.random.default_rng(3).normal(size=v.shape) for v in made}
    assert {block.view(values).shape for block in found.matrices} == {(20, 9), (27, 9), (18, 9)}
    assert found.W_cl.view(values).shape == (9, 3)
