"""A pre-trained model that only a network could bring leaves points open; nothing else is excused by it."""

from pathlib import Path

import pytest

from grader.judging.kinds.fine_tuning.asking import Asked, Form, Pairs
from grader.judging.kinds.fine_tuning.checks import ABSENT, features, mask, pair
from grader.judging.kinds.fine_tuning.interview import Evidence
from grader.model import CellRun, CellStatus, Observation, Status, Verdict
from grader.sandbox.guest.wire import Trouble

GUEST = Path(__file__).parent.parent / "grader/sandbox/guest/years/checkpoints.py"
PAIRS = Pairs(("A dog runs.",), ("It moves.",), (0,))


def evidence(message: str, raised: str | None) -> Evidence:
    """Of a notebook with a cell that ended so, and a function that is not there, or raises."""
    run = CellRun(3, CellStatus.ERROR, trouble=Trouble("OSError", message))
    trouble = Trouble(raised or "", "name 'nli_tokenizer' is not defined")
    seen = Observation("q", Status.RAISED, trouble=trouble) if raised else None
    asked = Asked(Form("convert_nli_examples_to_features", 4, ("p", "h", "l")), seen, ()) if seen else None
    return Evidence((), (run,), PAIRS, asked, {}, None, 0)


@pytest.mark.parametrize("raised", [None, "NameError"])
def test_a_function_that_wants_a_model_that_is_not_here_is_left_open(raised: str | None) -> None:
    e = evidence(f"distilbert-base-cased {ABSENT}, and ...", raised)
    assert [look(e).verdict for look in (features, pair, mask)] == [Verdict.UNSURE] * 3


def test_a_function_that_fails_by_itself_fails() -> None:
    assert features(evidence(f"xlnet-base-cased {ABSENT}, and ...", "TypeError")).verdict is Verdict.FAIL
    assert features(evidence("[Errno 2] No such file: 'x.csv'", "NameError")).verdict is Verdict.FAIL
    assert features(evidence("[Errno 2] No such file: 'x.csv'", None)).verdict is Verdict.FAIL


def test_the_kernel_says_so_in_these_words() -> None:
    assert ABSENT in GUEST.read_text(encoding="utf-8")
