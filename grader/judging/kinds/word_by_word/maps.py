"""Assignment 4: where the notebook's own trained classifier looks, word by word, for the page."""

from collections.abc import Iterator

import numpy as np

from grader.figures import AttentionMap
from grader.judging.comparing.arrays import array
from grader.judging.examiner import Examiner
from grader.judging.instruments.attention_maps import classes_in, first_pairs, told_class, words
from grader.judging.kinds.word_by_word.answers import rows_first
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import value_of
from grader.model import Observation
from grader.sandbox.guest.wire import Listing


def question_maps(x: Examiner, contact: Contact, hypothesis_first: bool) -> tuple[AttentionMap, ...]:
    """Rows are the hypothesis's words, whichever `get_attn` has first."""
    seen, note = first_pairs(x, contact)
    return tuple(maps_of(seen, note, hypothesis_first)) if seen is not None else ()


def maps_of(seen: Observation, note: str, hypothesis_first: bool) -> Iterator[AttentionMap]:
    texts, attn, classes = value_of(seen, "texts"), array(value_of(seen, "attn")), classes_in(seen)
    if attn is None or attn.ndim != 3 or attn.dtype.kind != "f" or not np.all(np.isfinite(attn)):
        return
    rows = rows_first(attn, premise_first=not hypothesis_first)
    for i, pair in enumerate(texts.items if isinstance(texts, Listing) else ()):
        premise, hypothesis = (words(part) for part in pair.items) if isinstance(pair, Listing) else ([], [])
        if i >= len(rows) or not premise or not hypothesis:
            continue
        of_rows, of_columns = hypothesis[-rows.shape[1] :], premise[-rows.shape[2] :]
        shown = rows[i, rows.shape[1] - len(of_rows) :, rows.shape[2] - len(of_columns) :]
        told = ", ".join(filter(None, [told_class(classes, i), note]))
        weights = tuple(tuple(float(weight) for weight in row) for row in shown)
        yield AttentionMap(" ".join(hypothesis), tuple(of_rows), tuple(of_columns), weights, told)
