"""Notebooks as people hand them in, judged by a sealed file as `grader.check` does: nothing right is called wrong."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from msgspec.structs import replace

from grader.batch import keys
from grader.batch.model_answers import model_answers
from grader.batch.preparing import batch_for
from grader.batch.replaying import Answers, Asked, Replay, recording
from grader.batch.shared import Batch
from grader.intake.collect import collect
from grader.judging.examiner import Examiner, no_formulas
from grader.judging.examining import examine
from grader.judging.model_answer import Declared
from grader.model import Run, Scorecard, Submission, TrainBudget, TrainPolicy, Verdict
from grader.pipeline import awake
from grader.running.slots import Slot
from grader.scoring.score import score
from grader.sealed.file import Sealed
from grader.sealed.sealing import SEED, one_sealed
from tests.earlier_answers import kept_answers
from tests.test_notebooks import EXPECTED, NOTEBOOKS

SEALED = ("lab3_rnn", "lab4_gru")
NUMBERS_OF_LAB3 = {"recurrence", "fresh-start", "all-trained"}  # all but words
NUMBERS_OF_LAB4 = {"cell", "all-trained"}
OPEN = {
    # it splits 20 words and starts from zeros [256, 24], as numbers: a sealed file has other sentences
    "honest/lab3/answer_below_states_in_a_list.ipynb": NUMBERS_OF_LAB3,
    # its hidden layer, an extra, is wider than that of the accepted form, and words do not tell which matrix it is
    "honest/lab3/w_xh_w_hh_and_a_hidden_layer.ipynb": {"parameters", "given-penalty", *NUMBERS_OF_LAB3},
    # its bias is a row of its matrix, which by its shape might be a matrix of a size of its own
    "honest/lab3/bias_as_a_row_of_ones.ipynb": {"parameters", "given-penalty", *NUMBERS_OF_LAB3},
    # its start values lie so near zero that sixty steps change nothing yet
    "honest/lab3/start_weights_near_zero.ipynb": {"learns"},
    # a state of its own size, in the run that counts
    "honest/lab4/compiled_model_and_a_wider_second_run.ipynb": NUMBERS_OF_LAB4,
    # sizes of its own and a second layer: which variable is which cannot be told by words
    "honest/lab4/two_layers_as_wide_as_the_words.ipynb": {"gates", "l2-four-matrices", *NUMBERS_OF_LAB4},
}
# A sealed file asks these labs with dropout switched off, which they do not teach, and so does not see it left on.
UNSEEN = ("mistaken/lab4/drops_the_state_while_classifying.ipynb",)


class Judge:
    """The sealed checks of one lab, and what its notebooks answered to them in an earlier run."""

    def __init__(self, batch: Batch, one: Sealed) -> None:
        self._batch, self._one = batch, one

    def card(self, submission: Submission) -> Scorecard:
        one, store, key = self._one, self._batch.store, keys.of_run(submission, self._batch)
        added: Answers = {}
        asked: Asked = {}
        with ExitStack() as kernel:
            awaking = awake(submission, self._batch, one.rubric, Slot(0), lambda what: None)
            wake = cache(lambda: kernel.enter_context(awaking))
            run = store.run(key) if store else None
            replay = Replay(store, key, wake) if store and run else None
            run = run or wake().run
            ask = replay or recording(wake().ask, added, asked)
            examination = examine(self._examiner(submission, run, ask))
        if store and replay:
            store.keep_answers(key, replay.added, replay.asked)
        elif store:
            store.keep_run(key, run, added, asked)
        return score(one.rubric, examination.findings)

    def _examiner(self, submission: Submission, run: Run, ask: Any) -> Examiner:
        one = self._one
        return Examiner(
            lab=one.rubric.lab,
            cells=submission.cells,
            run=run,
            asking=ask,
            oracle=no_formulas,
            seed=one.seed,
            training=TrainBudget(TrainPolicy.NONE),
            head=one.rubric.head,
            declared=Declared(one.rubric, one.answer),
        )


@pytest.fixture(scope="session")
def card_of(kernel: None, answers: Path) -> Iterator[Callable[[str], Scorecard]]:
    """Of a notebook, by the sealed checks of its lab, which are sealed the first time one of it is asked for."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.delenv("GRADER_DATA", raising=False)

        @cache
        def judge(lab: str) -> Judge:
            store = kept_answers(answers / f"sealed {lab}", stack)
            batch = batch_for(None, TrainPolicy.NONE, SEED)
            batch = replace(batch, store=store, data_key=keys.of_data(batch.data))
            with model_answers(batch) as models:
                return Judge(batch, one_sealed(batch.rubrics[lab], batch, models.of(lab)))

        yield cache(lambda place: judge(EXPECTED[place]["lab"]).card(collect([NOTEBOOKS / place])[0]))


def notebooks(*kinds: str) -> list[ParameterSet]:
    rows = [
        (place, row)
        for place, row in EXPECTED.items()
        if row["lab"] in SEALED and row["expect"] in kinds and place not in UNSEEN
    ]
    return [pytest.param(place, marks=[pytest.mark.slow] if row.get("slow") else []) for place, row in rows]


def told(card: Scorecard) -> str:
    """What a failing test has to show."""
    return "\n".join(f"{c.id} {c.verdict} {c.mistake or ''} {c.message}" for c in card.checks if c.verdict != "pass")


@pytest.mark.parametrize("place", notebooks("full", "open"))
def test_honest_work_is_told_of_nothing_wrong(place: str, card_of: Callable[[str], Scorecard]) -> None:
    card = card_of(place)
    undecided = {check.id for check in card.checks if check.verdict is Verdict.UNSURE}
    assert all(check.verdict in (Verdict.PASS, Verdict.UNSURE) for check in card.checks), told(card)
    assert undecided == OPEN.get(place, set()), told(card)


@pytest.mark.parametrize("place", notebooks("mistake"))
def test_every_mistake_of_a_public_check_is_named(place: str, card_of: Callable[[str], Scorecard]) -> None:
    card = card_of(place)
    assert set(EXPECTED[place]["slugs"]) <= {check.mistake for check in card.checks}, told(card)
