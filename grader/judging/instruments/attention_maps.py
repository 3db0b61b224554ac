"""Where the notebook's own trained classifier of pairs looks: the words of a few premises, for the page."""

import re
from collections.abc import Iterator

import numpy as np

from grader.figures import AttentionMap
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.examiner import Examiner
from grader.judging.instruments.retraining import trained_objects
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.forward import attender_of, weights
from grader.judging.meeting.pairs import KEYS, LABELS
from grader.judging.meeting.watching import value_of
from grader.model import Observation
from grader.sandbox.guest.wire import Call, Listing, Read, Ref

SHOWN = 4


def question_maps(x: Examiner, contact: Contact) -> tuple[AttentionMap, ...]:
    """Of the first dev examples, as the method that tells the attention gives it."""
    seen, note = first_pairs(x, contact)
    return tuple(maps_of(seen, classes_in(seen), note)) if seen is not None else ()


def first_pairs(x: Examiner, contact: Contact) -> tuple[Observation | None, str]:
    """What the notebook's own trained object says of the first dev examples, and a note about its training."""
    survey, attender = contact.inventory, attender_of(contact)
    trained = [one for one in trained_objects(survey) if one.training.cls == contact.info.name]
    sets = sorted(survey.data_sets, key=lambda name: re.search("dev|val", name) is None)
    if not trained or attender is None or not sets:
        return None, ""
    best, few = trained[-1], f"{sets[0]}[:{SHOWN}]"
    seen = x.ask(
        f"{contact.info.name}.maps",
        Read(f"[[e[key] for key in {KEYS}] for e in {few}]", "texts"),
        Call(f"{best.path}.{attender}", (Ref(few),), into="attn"),
        Call(f"{best.path}.{best.classify}", (Ref(few),), into="classes"),
    )
    return seen, "after a training cut to a single step" if best.training.cut else ""


def classes_in(seen: Observation) -> list[int]:
    found = array(value_of(seen, "classes"))
    return [] if found is None or found.dtype.kind not in "iu" else [int(n) for n in found.reshape(-1)]


def maps_of(seen: Observation, classes: list[int], note: str) -> Iterator[AttentionMap]:
    texts, attn = value_of(seen, "texts"), array(value_of(seen, "attn"))
    for i, pair in enumerate(texts.items if isinstance(texts, Listing) else ()):
        premise, hypothesis = (words(part) for part in pair.items) if isinstance(pair, Listing) else ([], [])
        row = row_of(attn, i)
        if row is None or not premise or not np.all(np.isfinite(row)):
            continue
        shown = premise[-len(row) :]
        said = told_class(classes, i)
        told = tuple(float(weight) for weight in row[len(row) - len(shown) :])
        what = ", ".join(filter(None, [said, note]))
        yield AttentionMap(" ".join(hypothesis), ("hypothesis",), tuple(shown), (told,), what)


def told_class(classes: list[int], i: int) -> str:
    return f"says {LABELS[classes[i]]}" if i < len(classes) and 0 <= classes[i] < len(LABELS) else ""


def words(parse: object) -> list[str]:
    """Without brackets; the words of a parse, as the course reads them."""
    return re.sub(r"[()]", " ", parse).split() if isinstance(parse, str) else []


def row_of(attn: Numbers | None, i: int) -> Numbers | None:
    """The weights of one premise's words, padding on the left included."""
    if attn is None or attn.ndim < 2 or attn.dtype.kind != "f" or attn.shape[0] <= i:
        return None
    found = weights(attn, attn.shape[0], attn.shape[1])
    return found[i] if found is not None and found.ndim == 2 else None
