"""Right solutions reach their bounds: each is trained from twenty seeds on toy data, as notebooks train themselves."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from grader.batch.preparing import batch_for
from grader.calibration.bounds import load_calibration
from grader.commands.verify import trials
from grader.judging.oracle import Oracle
from grader.model import CheckResult, TrainPolicy, Verdict
from grader.pipeline import grade_batch

SEEDS = 20


def outcomes(lab: str, oracle: Oracle) -> Iterator[CheckResult]:
    faithful = trials([lab], fast=True)[0].submission
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADER_DATA", raising=False)
        for seed in range(SEEDS):
            batch = replace(batch_for(None, TrainPolicy.BUDGET, seed, None), equal_training=False)
            assert load_calibration(lab, batch.truths[lab].digest)
            (report,) = grade_batch([faithful], batch, oracle, 1, lambda submission, what: None)
            yield next(check for check in report.card.checks if check.id == "accuracy")


@pytest.mark.slow
@pytest.mark.parametrize("lab", ["a1_logistic_regression", "lab2_mlp", "lab3_rnn", "lab4_gru"])
def test_a_faithful_solution_passes_outcome_from_at_least_nineteen_of_twenty_seeds(lab: str, oracle: Oracle) -> None:
    seen = [(check.verdict, check.message) for check in outcomes(lab, oracle)]
    assert sum(verdict is Verdict.PASS for verdict, _ in seen) >= 19, seen
