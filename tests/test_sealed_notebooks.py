"""Notebooks as people hand them in, judged by a sealed file as `grader.check` does: nothing right is called wrong.

All are run in one kernel, one after the other, each in a namespace of its own: what is asked there is what a student's
kernel would be asked. What only a grading sees, how objects were made and trained while the notebook ran, is forgotten
before each question, as it is where nobody has watched.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import msgspec
import pytest
from _pytest.mark import ParameterSet
from msgspec.structs import replace

from grader.batch import keys
from grader.batch.model_answers import model_answers
from grader.batch.preparing import batch_for
from grader.batch.shared import Batch, kernel_seed
from grader.data.folder import shown
from grader.intake.collect import collect
from grader.judging.examination import as_declared
from grader.judging.kinds.embeddings.interview import OF_TABLES
from grader.judging.model_answer import DECK, mistake_of
from grader.judging.oracle import Oracle
from grader.live import check as live
from grader.model import (
    Cell,
    CheckResult,
    Limits,
    Observation,
    Scorecard,
    Submission,
    TrainBudget,
    TrainPolicy,
    Verdict,
)
from grader.sandbox.guest.wire import Call, Form, Question
from grader.sandbox.kernel import Setting
from grader.sandbox.session import Session
from grader.scoring.score import score
from grader.sealed.file import Sealed
from grader.sealed.sealing import SEED, examiner_of, sealed_lab
from tests.earlier_answers import kept_answers
from tests.test_notebooks import EXPECTED, NOTEBOOKS

ROOT = Path(__file__).parent.parent
OWN_JUDGES = ("a2_embeddings", "lab5_attention", "a3_lstm_lm", "a4_word_by_word")
SEALED = ("lab1_warmup", "a1_logistic_regression", "lab2_mlp", "lab3_rnn", "lab4_gru", *OWN_JUDGES)
FORGET = (
    Call("_made.clear", into="made"),
    Call("__import__('grader_guest.trainings.training', fromlist=['x']).TRAININGS.clear", into="trained"),
)
NUMBERS_OF_LAB2 = {"forward", "loss-gradients", "all-trained", "dropout-in-training"}
NUMBERS_OF_LAB3 = {"recurrence", "fresh-start", "all-trained"}  # all but words
NUMBERS_OF_LAB4 = {"cell", "all-trained"}
OPEN = {
    # a frozen dataclass that is given to the constructor: none of its numbers can be moved
    "honest/a1/config_replaced_in_comprehensions.ipynb": {"learning-rate"},
    # a vector for each class: words do not tell which numbers are which
    "honest/a1/a_vector_for_each_class.ipynb": {"logits", "l2-penalty"},
    # it takes batches of 256, as a number: a sealed file has others
    "honest/lab2/batch_size_written_into_the_loop.ipynb": NUMBERS_OF_LAB2,
    # its vectors were made before it was asked, and have the width of the notebook's vocabulary
    "honest/lab2/vectors_stacked_once_before_the_class.ipynb": NUMBERS_OF_LAB2,
    # five classes, for which there are no answers
    "honest/lab2/five_way_after_two_way.ipynb": {"forward", "dropout-in-training", "dropout-off-at-test"},
    # a normalisation with variables of its own
    "honest/lab2/normalised_hidden_layer.ipynb": {"forward"},
    # matrices of two layers in one variable, as large as its own sizes are
    "honest/lab2/two_layers_in_one_cube.ipynb": {"hidden-layers", "forward", "loss-gradients", "all-trained"},
    # all examples of a batch have the same units dropped, as graded work of this kind is left to a person
    "honest/lab2/one_mask_for_the_whole_minibatch.ipynb": {"dropout-in-training", "dropout-off-at-test"},
    # units made smaller while classifying, as dropout was first written, which no form of ours does
    "honest/lab2/scaled_at_test_as_in_the_first_paper.ipynb": {"dropout-in-training"},
    # it splits 20 words and starts from zeros [256, 24], as numbers: a sealed file has other sentences
    "honest/lab3/answer_below_states_in_a_list.ipynb": NUMBERS_OF_LAB3,
    # its hidden layer, an extra, is wider than that of the accepted form, and words do not tell which matrix it is
    "honest/lab3/w_xh_w_hh_and_a_hidden_layer.ipynb": {"given-penalty", "recurrence", "fresh-start"},
    # its bias is a row of its matrix, which by its shape might be a matrix of a size of its own
    "honest/lab3/bias_as_a_row_of_ones.ipynb": {"parameters", *NUMBERS_OF_LAB3},
    # its sizes are defaults of a settings object: a sealed file asks for others, which it does not take
    "honest/lab3/epocas_en_una_global_modulo_y_reduce.ipynb": NUMBERS_OF_LAB3,
    # its last instance has a second layer, and with which arguments earlier ones were made is not known there
    "honest/lab3/capas_como_argumento.ipynb": {"recurrence"},
    # its start values lie so near zero that sixty steps change nothing yet
    "honest/lab3/start_weights_near_zero.ipynb": {"learns"},
    # a state of its own size, in the run that counts
    "honest/lab4/compiled_model_and_a_wider_second_run.ipynb": NUMBERS_OF_LAB4,
    # sizes of its own, in the run that counts
    "honest/lab5/dropout_penalty_and_decay_as_extras.ipynb": {"attention", "logits"},
    "honest/lab5/attention_wider_than_states.ipynb": {"attention", "logits"},
    "honest/lab5/paddings_masked_then_wider_with_trained_vectors.ipynb": {"attention", "logits"},
    # its word vectors are an argument
    "honest/lab5/attention_as_a_function_vectors_given.ipynb": {"attention", "logits"},
    # no name tells which matrix is of which gate, and a sealed file has not all orders
    "honest/lab5/dense_layers_and_stacked_arrays.ipynb": {"attention", "logits"},
    "honest/lab5/scanned_modules_that_stop_early.ipynb": {"attention", "logits"},
    "honest/lab5/ajustes_en_una_dataclass_w_p_y_w_x_aparte.ipynb": {"attention", "logits"},
    # matrices stand before states that are columns: what a step of that form does was not asked
    "honest/lab5/matrices_before_the_states.ipynb": {"all-trained"},
    # one layer more, as an extra
    "honest/lab5/hidden_layer_before_the_classes.ipynb": {"logits"},
    # functions in the place of a class, as when it is graded
    "honest/lab5/funciones_y_un_diccionario.ipynb": {
        "trains",
        "weights",
        "attention",
        "logits",
        "examples-apart",
        "any-number",
        "all-trained",
        "learns",
    },
    # its vectors are where no others can be put
    "honest/a2/class_that_keeps_its_own_vectors.ipynb": OF_TABLES,
    "honest/a2/nearest_neighbours_of_a_library.ipynb": OF_TABLES,
    # its `model` keeps the weights on the object in the place of returning them, as which only formulas tell
    "honest/a4/arreta_objektuan_gordeta.ipynb": {"weights", "get-attn"},
    # its rate is a number in the code, so it cannot be asked without dropout
    "honest/a3/maskararen_tasa_idatzita.ipynb": {"dropout", "sampler", "sampling-dropout"},
    # two layers, an extra
    "honest/a3/two_layers_states_side_by_side.ipynb": {"states", "dropout"},
    # sizes of its own and a second layer: which variable is which cannot be told by words
    "honest/lab4/two_layers_as_wide_as_the_words.ipynb": {"gates", "l2-four-matrices", *NUMBERS_OF_LAB4},
}
SHOWS_IN_A_RUN = ("dropout-never-on.2",)  # the class drops units; only all trainings had a rate of 0
ONLY_WHEN_GRADED = (
    "mistaken/a2/columns_normalised.ipynb",  # open: vectors that are not normalised are others than a sealed file has
    "mistaken/a2/read_again_in_double_precision.ipynb",  # the same
    "mistaken/a2/own_defaults_and_the_formula_of_the_title.ipynb",  # open: no vectors of ours can be put there
    "mistaken/a2/solo_mil_palabras.ipynb",  # a sealed file asks about fewer words than it leaves out
    "mistaken/a2/first_thousand_and_the_last_row.ipynb",  # the same
    # seen, or open, and not named: which form it is only formulas tell
    "mistaken/a4/column_vectors_weights_of_the_numbers.ipynb",
    "mistaken/a4/dot_products_of_states_alone.ipynb",
    "mistaken/a4/exponentials_without_their_sum.ipynb",
    "mistaken/a4/identity_matrix_takes_its_own_term_out.ipynb",
    "mistaken/a4/reshaped_to_batch_first.ipynb",
    "mistaken/a4/softmax_over_the_batch.ipynb",
    "mistaken/a4/softmax_over_the_numbers_of_a_state.ipynb",
    "mistaken/a4/sum_over_the_others_by_hand.ipynb",
    "mistaken/a3/dropped_state_goes_round.ipynb",
    "mistaken/a3/egoerak_trukatuta_itzultzean.ipynb",
    "mistaken/a3/own_sampler_drops_the_new_memory.ipynb",
    "mistaken/a3/probabilities_for_the_sampler.ipynb",
    "mistaken/a3/states_handed_on_as_numpy.ipynb",
    "mistaken/lab2/one_bias_for_both_classes.ipynb",  # open: no form of ours has a bias of that shape
    "mistaken/lab2/dropped_where_made_and_where_used.ipynb",  # with the rate asked here it drops as 1 - rate does
    "mistaken/lab4/einsum_and_a_part_of_the_mixture.ipynb",  # called wrong, and not named: its layout is not ours
    "mistaken/lab1/scaled_to_add_up_to_one.ipynb",  # called wrong, and not named: no form of ours adds up
    "mistaken/lab1/power_of_e_halved.ipynb",  # called wrong, and not named: no form of ours slips twice
    "mistaken/lab2/training_flag_never_reset.ipynb",  # its flag is down in a new object, and only training sets it
    "mistaken/lab2/classify_switches_the_rate_off_for_good.ipynb",  # it drops units until it has classified
    "mistaken/lab2/rate_zero_in_every_run.ipynb",  # it shows in how the notebook ran, not in what it left behind
    "mistaken/lab2/sigmoid_layers_then_softmax_twice.ipynb",  # of its two mistakes only the first is named
    "mistaken/lab2/two_layers_in_one_cube_relu_at_the_end.ipynb",  # open, as right work in this layout is
    "mistaken/a1/row_of_the_bias_penalised_too.ipynb",  # open, as right work in this layout is
    "mistaken/lab3/cell_of_keras_in_a_loop.ipynb",  # its numbers are right, and whose code computes them is not asked
    "mistaken/lab4/drops_the_state_while_classifying.ipynb",  # a lab without dropout is asked with dropout switched off
)


class Kernel:
    """One for all notebooks: each is run once, and asked as often as need be."""

    def __init__(self, batch: Batch, cells: Sequence[Cell], stack: ExitStack) -> None:
        self._batch, self._cells, self._stack = batch, cells, stack

    @cache  # noqa: B019 - there is one, for as long as the tests run
    def _session(self) -> Session:
        batch = self._batch
        setting = Setting(
            slot=0,
            data=shown(batch.data, tuple(self._cells), lambda sentence: None),
            limits=Limits(600, 600, batch.memory),
            budget=TrainBudget(TrainPolicy.NONE),
            seed=kernel_seed(batch.seed),
            isolation=batch.isolation,
            forms=True,
        )
        session = Session(setting)
        self._stack.callback(session.close)
        session.run((Cell(0, "code", "pass"),))
        return session

    def ask(self, submission: Submission, question: Question) -> Observation:
        """Of a notebook all of whose cells have run."""
        cells = {0: "pass"} | {cell.index: cell.source for cell in submission.cells if cell.kind == "code"}
        form = Form(str(submission.path), cells, anew=True)
        asked = replace(question, steps=(form, *FORGET, *question.steps), seconds=question.seconds + 120)
        seen = self._session().ask(asked)
        return replace(seen, at=seen.at - 1 - len(FORGET) if seen.at else seen.at)


def card_by(one: Sealed, batch: Batch, kernel: Kernel, submission: Submission) -> Scorecard:
    """As `grader.check` comes to it; what was answered in an earlier run of the tests is not asked again."""
    key = keys.of_run(submission, batch)

    def asking(question: Question) -> Observation:
        word = keys.of_question(question)
        known = batch.store.answer(key, word) if batch.store else None
        seen = known or kernel.ask(submission, question)
        if batch.store and known is None:
            batch.store.keep_answers(key, {word: seen})
        return seen

    return live.card_of(one, submission.cells, live.examined(one, submission.cells, asking))


Sealing = Callable[[str], tuple[Batch, Sealed]]


@pytest.fixture(scope="session")
def sealing(kernel: None, answers: Path, oracle: Oracle) -> Iterator[Sealing]:
    """A lab is sealed the first time it is asked for, from what is kept of it."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.delenv("GRADER_DATA", raising=False)

        @cache
        def of(lab: str) -> tuple[Batch, Sealed]:
            batch = batch_for(None, TrainPolicy.NONE, SEED)
            store = kept_answers(answers / f"sealed {lab}", stack)
            batch = replace(batch, store=store, data_key=keys.of_data(batch.data))
            with model_answers(batch) as models:
                return batch, sealed_lab(batch.rubrics[lab], batch, models.of(lab), oracle)

        yield of


@pytest.fixture(scope="session")
def card_of(sealing: Sealing) -> Iterator[Callable[[str], Scorecard]]:
    with ExitStack() as stack:
        submissions = {place: collect([NOTEBOOKS / place])[0] for place in EXPECTED if EXPECTED[place]["lab"] in SEALED}
        cells = [cell for submission in submissions.values() for cell in submission.cells]

        @cache
        def one() -> Kernel:
            return Kernel(batch_for(None, TrainPolicy.NONE, SEED), cells, stack)

        @cache
        def card(place: str) -> Scorecard:
            batch, sealed = sealing(EXPECTED[place]["lab"])
            return card_by(sealed, batch, one(), submissions[place])

        yield card


def notebooks(*kinds: str) -> list[ParameterSet]:
    """Of those with nothing open about every other is left to the slow tests, for time: each says so itself."""
    rows = [
        (place, row)
        for place, row in EXPECTED.items()
        if row["lab"] in SEALED and row["expect"] in kinds and place not in ONLY_WHEN_GRADED
    ]
    slow = {place for place, row in rows if row.get("slow") or row.get("sealed") == "slow"}
    own = [place for place, row in rows if row["lab"] in OWN_JUDGES and place not in slow]
    slow |= {place for number, place in enumerate(own) if number % 4}  # what judges them is tried by grading them all
    return [pytest.param(place, marks=[pytest.mark.slow] if place in slow else []) for place, _ in rows]


def told(card: Scorecard) -> str:
    """What a failing test has to show."""
    return "\n".join(f"{c.id} {c.verdict} {c.mistake or ''} {c.message}" for c in card.checks if c.verdict != "pass")


def loses_nothing(check: CheckResult) -> bool:
    """What is wrong and costs nothing when it is graded either: an error for a word that has no vector."""
    return check.id == "unknown-word" and check.possible == 0


@pytest.mark.parametrize("place", notebooks("full", "open"))
def test_honest_work_is_told_of_nothing_wrong(place: str, card_of: Callable[[str], Scorecard]) -> None:
    card = card_of(place)
    undecided = {check.id for check in card.checks if check.verdict is Verdict.UNSURE}
    right = (c for c in card.checks if c.verdict in (Verdict.PASS, Verdict.UNSURE) or loses_nothing(c))
    assert [*right] == [*card.checks], told(card)
    assert undecided == OPEN.get(place, set()), told(card)


@pytest.mark.parametrize("place", notebooks("mistake"))
def test_every_mistake_of_a_sealed_check_is_named(
    place: str, card_of: Callable[[str], Scorecard], sealing: Sealing
) -> None:
    card, (_, sealed) = card_of(place), sealing(EXPECTED[place]["lab"])
    known, named = set(EXPECTED[place]["slugs"]), {check.mistake for check in card.checks if check.mistake}
    slugs = known & set(sealed.rubric.mistakes)
    assert slugs <= named, told(card)
    if sealed.rubric.head.judge:
        assert named <= known, told(card)
        return
    assert slugs or all(check.verdict in (Verdict.PASS, Verdict.UNSURE) for check in card.checks), told(card)


@pytest.mark.parametrize("place", [p for p in notebooks("fails") if EXPECTED[p.values[0]]["lab"] in OWN_JUDGES])
def test_work_that_stops_with_an_error_is_not_left_undecided(place: str, card_of: Callable[[str], Scorecard]) -> None:
    card = card_of(place)
    assert Verdict.FAIL in {check.verdict for check in card.checks}, told(card)


@pytest.mark.slow
@pytest.mark.parametrize("lab", ["lab1_warmup", "a1_logistic_regression", "lab2_mlp"])
def test_no_right_form_is_called_wrong_and_every_wrong_one_is_named(lab: str, sealing: Sealing) -> None:
    batch, sealed = sealing(lab)
    with model_answers(batch) as models:
        whole = models.of(lab)
        for form in (DECK, *sealed.accepted, *sealed.mistakes):
            examiner = examiner_of(sealed.rubric, batch, sealed.answer, whole, form)
            assert examiner.declared is not None
            card = score(sealed.rubric, as_declared(examiner, examiner.declared).findings)
            if form in sealed.mistakes:
                assert mistake_of(form) in {c.mistake for c in card.checks} or form in SHOWS_IN_A_RUN, told(card)
            else:
                assert {c.verdict for c in card.checks} <= {Verdict.PASS, Verdict.UNSURE}, (form, told(card))


@pytest.mark.parametrize("lab", SEALED)
def test_a_sealed_file_holds_no_line_of_the_answer_and_nothing_hidden(lab: str, sealing: Sealing) -> None:
    batch, sealed = sealing(lab)
    rubric, content = batch.rubrics[lab], msgspec.msgpack.encode(sealed)
    written = (ROOT / "reference" / "solutions" / f"{lab}.py").read_text("utf-8")
    parts = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", written, re.DOTALL)
    lines = {line.strip() for part in parts for line in part.splitlines() if len(line.strip()) > 20}
    assert lines and not [line for line in lines if line.encode() in content]
    hidden = {check.id for check in rubric.checks if not check.public}
    slugs = {slug for slug, rule in rubric.mistakes.items() if set(rule.checks) <= hidden}
    assert not hidden & {check.id for check in sealed.rubric.checks}
    assert not [slug for slug in slugs if slug.encode() in content]
    assert not [check for check in sealed.rubric.checks if check.formula or check.example]
    assert not any(rule.formula or rule.example for rule in sealed.rubric.mistakes.values())
