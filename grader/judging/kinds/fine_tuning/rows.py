"""The lab on transformers: the rows that a notebook's function gave for our pairs, and what explains their pieces."""

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import slug
from grader.judging.kinds.fine_tuning.asking import Row
from grader.judging.kinds.fine_tuning.interview import Evidence


def ids_of(e: Evidence) -> list[Numbers]:
    return [row.ids for row in e.asked.rows if row.ids is not None] if e.asked else []


def complete_rows(e: Evidence) -> tuple[Row, ...]:
    """Rows with ids, if there is one for each of our pairs."""
    rows = tuple(row for row in e.asked.rows if row.ids is not None) if e.asked else ()
    return rows if len(rows) == len(e.ours.labels) else ()


def explanation(e: Evidence) -> str | None:
    """The first that gives the pieces of every row, paddings apart; two encodings where that is their form."""
    if e.asked is not None and any(row.apart for row in e.asked.rows):
        return "encoded-apart/in-a-tuple"
    seen = [pieces(ids) for ids in ids_of(e)]
    named = {name: [pieces(ids) for ids in answer["ids"]] for name, answer in e.answers.items()}
    found = next((name for name, right in named.items() if seen == right), None)
    in_other_order = (name for name, right in named.items() if slug(name) == "deck" and sorted(seen) == sorted(right))
    return found or next(in_other_order, None)


def pieces(ids: Numbers) -> tuple[int, ...]:
    return tuple(ids[ids != 0].tolist())


def halves(ids: Numbers) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """[CLS] with the first sentence, and the second one with the [SEP] behind it; the first [SEP] parts them."""
    row = pieces(ids)
    end = row.index(row[-1]) if row else 0
    return row[:end], row[end + 1 :]


def of_other_pairs(e: Evidence) -> bool:
    """Whether every row has a premise and a hypothesis of ours, though not those of one pair."""
    if "deck" not in e.answers or explanation(e) is not None:
        return False
    premises, hypotheses = (set(side) for side in zip(*map(halves, e.answers["deck"]["ids"]), strict=True))
    seen = [halves(ids) for ids in ids_of(e)]
    return bool(seen) and all(first in premises and second in hypotheses for first, second in seen)


def types_by_sep(row: Row) -> Numbers:
    """0 up to the first [SEP], 1 behind it."""
    first, second = halves(row.ids) if row.ids is not None else ((), ())
    return np.array([0] * (len(first) + 1) + [1] * len(second))


def padded_in_batches(e: Evidence) -> bool:
    """Whether rows of several lengths became one tensor in the first batch of `fit`, masked where they were filled."""
    m = e.fitted
    if m is None or m.raised or m.ids is None or m.mask is None or m.mask.shape != m.ids.shape:
        return False
    return len({len(pieces(row)) for row in m.ids}) > 1 and np.array_equal(m.mask != 0, m.ids != 0)


def exchanged(rows: tuple[Row, ...]) -> bool:
    """Whether types are 1 at every piece and nowhere else, and the mask begins with 0, as types do."""
    return all(
        row.ids is not None and row.types is not None and row.mask is not None
        and np.array_equal(row.types != 0, row.ids != 0) and row.mask.any() and not row.mask[0]
        for row in rows
    )  # fmt: skip
