"""What a notebook could make of a seed that it guesses: nothing."""

from pathlib import Path

from grader.batch.preparing import batch_for
from grader.batch.store import SEED_BITS, opened
from grader.data.truth import blind_trees
from grader.model import TrainPolicy

LINES = [f"({label} (2 word) (2 number{n}))" for n, label in enumerate("0134" * 25)]


def test_a_batch_draws_its_seed_from_more_than_a_notebook_could_try(tmp_path: Path) -> None:
    drawn = [batch_for(None, TrainPolicy.NONE, None).seed for _ in range(3)]
    for n in range(3):
        with opened(tmp_path / str(n)) as store:
            drawn.append(store.seed())
    assert SEED_BITS >= 60 and max(drawn) > 2**50 and len(set(drawn)) == 6


def test_whoever_knows_the_seed_cannot_put_the_hidden_labels_back() -> None:
    """The exchange depends on what is hidden: two files that differ in their labels alone are exchanged differently."""
    other = [f"({'4' if line[1] == '3' else line[1]}{line[2:]}" for line in LINES]
    one, two = ("\n".join(lines).encode() for lines in (LINES, other))
    first, second = (blind_trees(text, seed=7).decode().splitlines() for text in (one, two))
    as_before = [{"3": "4"}.get(line[1], line[1]) for line in first]
    assert as_before != [line[1] for line in second]
