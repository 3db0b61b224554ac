"""The lab on transformers: what rows of features and fine-tuned models show, as findings."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from grader.judging.checks import blocked, check, failed, manual, passed, reaches, unattempted, unsure
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import slug
from grader.judging.kinds.fine_tuning import (
    accuracy,
    models,  # noqa: F401 - its checks are registered when it is imported
    remarks,  # noqa: F401 - as are these
)
from grader.judging.kinds.fine_tuning.interview import LAB, Evidence, shortest_room
from grader.judging.kinds.fine_tuning.rows import (
    complete_rows,
    exchanged,
    explanation,
    ids_of,
    of_other_pairs,
    padded_in_batches,
    pieces,
    types_by_sep,
)
from grader.judging.meeting.source import definition
from grader.model import Difference, Finding, Status
from grader.wording.counting import quantity

NO_ROWS = "Not checked because there were no features to look at."
NO_FUNCTION = "Your notebook fits a model to pairs, but encodes them in no function that could be called."
NO_CHECKPOINT = "There is no bert-base-cased among the course's data, so nothing is known of its word pieces."
ANOTHER = "A cell wants a pre-trained model that only a network could bring, so your function could not be asked."
ABSENT = "is not here: notebooks run without a network"  # said in the kernel where from_pretrained finds nothing
NO_TORCH = "Your function needs PyTorch, which is not here: the lab is written for TensorFlow. Not decided."
LIBRARIES = ("ImportError", "ModuleNotFoundError")
TORCH = re.compile(r"torch", re.IGNORECASE)
EXCHANGED = (
    "`attention_mask` and `token_type_ids` have changed places. `InputFeatures` takes the ids first, then the mask, "
    "then the types: give them by name."
)
UNFINISHED = re.compile(r"^\s*\w+\s*=[ \t]*(#.*)?$", re.MULTILINE)  # nothing stands behind the sign, as in the handout
SHOWN = 12  # pieces


def cell_of(e: Evidence) -> int | None:
    return e.asked.form.cell if e.asked else None


def out_of_reach(e: Evidence) -> str:
    """Why no pairs of ours could be encoded although the notebook may do it right; empty where nothing excuses it."""
    if e.asked is None and e.fitted is not None:
        return NO_FUNCTION  # they are encoded outside of any
    trouble = e.asked.observation.trouble if e.asked else None
    if trouble is not None and trouble.kind in LIBRARIES and TORCH.search(trouble.message):
        return NO_TORCH
    lacks = e.asked is None or (trouble is not None and trouble.kind == "NameError")  # such as the tokenizer's
    return ANOTHER if lacks and any(run.trouble and ABSENT in run.trouble.message for run in e.runs) else ""


def no_rows(e: Evidence) -> Finding:
    return unsure(why) if (why := out_of_reach(e)) else blocked(NO_ROWS)


@check(LAB, "features")
def features(e: Evidence) -> Finding:
    if why := out_of_reach(e):
        return unsure(why)
    if e.asked is None:
        return failed("There is no function that encodes pairs of sentences in your notebook after it has run.")
    name, seen = e.asked.form.name, e.asked.observation
    if seen.status is Status.RAISED and seen.trouble is not None:
        trouble = seen.trouble
        told = f"`{name}` stops with {trouble.kind}: {trouble.message[:200]}"
        return failed(told, cell=trouble.cell if trouble.cell is not None else cell_of(e))
    if seen.status is not Status.ANSWERED:
        return failed(f"`{name}` gave no answer in time for seven pairs.", cell=cell_of(e))
    if not ids_of(e):
        return failed(f"`{name}` runs, but what it returns holds no `input_ids`.", cell=cell_of(e))
    if not complete_rows(e) and explanation(e) is None:
        told = f"`{name}` returned {quantity(len(e.asked.rows), 'row')} of features for {len(e.ours.labels)} pairs."
        return failed(told, cell=cell_of(e))
    return passed(f"`{name}` returns features for each pair.")


@check(LAB, "pair")
def pair(e: Evidence) -> Finding:
    if not ids_of(e):
        return no_rows(e)
    if not e.answers:
        return unsure(NO_CHECKPOINT)
    name = explanation(e)
    if name is not None and slug(name) == "deck":
        return passed("Each row is [CLS] premise [SEP] hypothesis [SEP].")
    if mistake := "pairs-misaligned" if of_other_pairs(e) else slug(name) if name else None:
        return failed(mistake=mistake, cell=cell_of(e), difference=compared(e))
    return failed("The rows are not [CLS] premise [SEP] hypothesis [SEP].", cell=cell_of(e), difference=compared(e))


def order_of(e: Evidence, name: str) -> list[int]:
    """Which of our pairs each row is: some functions shuffle."""
    right = [pieces(ids) for ids in e.answers[name]["ids"]]
    return [right.index(pieces(ids)) for ids in ids_of(e)]


def compared(e: Evidence) -> Difference | None:
    """The first pieces of the first row."""
    if "deck" not in e.answers or not ids_of(e):
        return None
    seen, right = ids_of(e)[0], e.answers["deck"]["ids"][0]
    rows = tuple((f"row 0, {what}", " ".join(map(str, s[:SHOWN])), " ".join(map(str, r[:SHOWN])))
                 for what, s, r in (("first pieces", seen, right),))  # fmt: skip
    return Difference(f"for {e.ours.premises[0]!r} and {e.ours.hypotheses[0]!r}", rows)


@check(LAB, "segments")
def segments(e: Evidence) -> Finding:
    rows, name = complete_rows(e), explanation(e)
    if not rows:
        return no_rows(e)
    mixed = of_other_pairs(e)
    if not mixed and (name is None or "types" not in e.answers.get(name, {})):
        return blocked("Not checked because the rows are no pairs.")
    types = [row.types for row in rows]
    if all(one is None or not one.any() for one in types):
        return failed(mistake="types-zero", cell=cell_of(e))
    if any(one is None or one.shape != row.ids.shape for one, row in zip(types, rows, strict=True)):  # type: ignore[union-attr]
        return failed("`token_type_ids` is not as long as `input_ids`.", cell=cell_of(e))
    if exchanged(rows):
        return failed(EXCHANGED, cell=cell_of(e))
    known = [*map(types_by_sep, rows)] if mixed else e.answers[name or ""]["types"][order_of(e, name or "")]
    for number, (row, right) in enumerate(zip(rows, known, strict=True)):
        assert row.ids is not None and row.types is not None
        text = row.ids != 0  # what stands at paddings is masked
        count = int(text.sum())
        if np.any((row.types[text] != right[:count]) & (right[:count] >= 0)):  # below 0: either will do
            told = f"`token_type_ids` of row {number} are not 0 in the first and 1 in the second sentence."
            expected = " ".join("·" if kind < 0 else str(kind) for kind in right[:count])
            first = (f"row {number}", " ".join(map(str, row.types[text])), expected)
            return failed(told, cell=cell_of(e), difference=Difference("token_type_ids", (first,)))
    return passed("`token_type_ids` tell the second sentence from the first.")


@check(LAB, "mask")
def mask(e: Evidence) -> Finding:
    rows = complete_rows(e)
    if not rows:
        return no_rows(e)
    if all(row.mask is None for row in rows):
        return failed(mistake="mask-missing", cell=cell_of(e))
    if exchanged(rows):
        return failed(EXCHANGED, cell=cell_of(e))
    padded = any((row.ids == 0).any() for row in rows if row.ids is not None)
    if padded and all(row.mask is not None and row.mask.all() for row in rows):
        return failed(mistake="mask-ones", cell=cell_of(e))
    for row in rows:
        if row.mask is None or row.ids is None or not np.array_equal(row.mask != 0, row.ids != 0):
            return failed("`attention_mask` is not 1 at every piece and 0 at every padding.", cell=cell_of(e))
    return passed("`attention_mask` hides the padding and nothing else.")


@check(LAB, "padding")
def padding(e: Evidence) -> Finding:
    rows = complete_rows(e)
    if not rows:
        return no_rows(e)
    if shortest_room(e.asked) == 0 and padded_in_batches(e):
        return passed("Rows are padded when they are put into batches.")
    if shortest_room(e.asked) == 0:
        return failed(mistake="not-padded", cell=cell_of(e))
    parts = [part for row in rows for part in (row.types, row.mask) if part is not None]
    if any(part.size != shortest_room(e.asked) for part in parts):
        return failed("The parts of a row are not of the same length.", cell=cell_of(e))
    if any(inside(row.ids) for row in rows):
        return failed("There is padding inside of the rows, not only at their end.", cell=cell_of(e))
    return passed(f"All rows are {shortest_room(e.asked)} long.")


def inside(ids: Numbers | None) -> bool:
    """Whether zeros stand between pieces."""
    text = np.flatnonzero(ids) if ids is not None else np.zeros(0)
    return bool(len(text) and text[-1] - text[0] + 1 != len(text))


@check(LAB, "labels")
def labels(e: Evidence) -> Finding:
    rows = complete_rows(e)
    if not rows:
        return no_rows(e)
    if any(row.label is None or row.label.size == 0 for row in rows):
        return beside(e)
    seen = [class_of(row.label) for row in rows if row.label is not None]
    name = explanation(e)
    order = order_of(e, name) if name and slug(name) == "deck" else range(len(seen))
    right = [e.ours.labels[place] for place in order]
    if seen == right or (e.asked and e.asked.form.words and renamed(seen, right)) or counted_on(e, seen, right):
        if e.mixed_labels:  # what puts batches together takes them apart
            return failed(mistake="labels-misaligned", seen="Seen in the first batch that `fit` was given.")
        return passed("Each row has the label of its pair.")
    told = f"labels came back as {', '.join(map(str, seen))}; given were {', '.join(map(str, right))}"
    if len(set(seen)) == 1:
        return failed(mistake="label-constant", seen=told, cell=cell_of(e))
    if one_to_one(seen, right):
        return failed(mistake="labels-exchanged", seen=told, cell=cell_of(e))
    if sorted(seen) == sorted(right):
        return failed(mistake="labels-misaligned", seen=told, cell=cell_of(e))
    return failed("The rows have other labels than their pairs.", seen=told, cell=cell_of(e))


def beside(e: Evidence) -> Finding:
    """Of a function whose rows have none: by those that `fit` was given with the pairs."""
    if e.asked is None or e.fitted is None or "l" in e.asked.form.order:
        return failed("Some rows have no label.", cell=cell_of(e))
    if e.own_labels is None:
        return unsure("Your function returns no labels, and which ones your model was given was not seen.")
    if not e.own_labels:
        return failed(mistake="labels-misaligned", seen="Seen in the first batch that `fit` was given.")
    return passed("Each pair that `fit` was given has its label.")


def counted_on(e: Evidence, seen: Sequence[int], right: Sequence[int]) -> bool:
    """Whether all are shifted by one, from numbers of the notebook's own to those that its model has scores for."""
    m = e.fitted
    shift = {a - b for a, b in zip(seen, right, strict=True)}
    if shift not in ({1}, {-1}) or m is None or m.labels is None or m.raised:
        return False
    return set(m.labels.reshape(-1).tolist()) <= {0, 1, 2}


def renamed(seen: Sequence[int], right: Sequence[int]) -> bool:
    """Whether each class has a number of its own, one of 0, 1, 2: which one, words leave open."""
    return one_to_one(seen, right) and set(seen) <= {0, 1, 2}


def one_to_one(seen: Sequence[int], right: Sequence[int]) -> bool:
    return len(set(zip(seen, right, strict=True))) == len(set(seen)) == len(set(right))


def class_of(label: Numbers) -> int:
    """One-hot labels are labels too."""
    return int(np.argmax(label)) if label.size > 1 else int(label[0])


reaches(LAB, "accuracy")(accuracy.of_pairs)


def answer_to(name: str) -> Callable[[Evidence], Finding]:
    def answered(e: Evidence) -> Finding:
        found = next((answer for answer in e.written if answer.question == name), None)
        if found is None or not found.asked:
            return manual(
                "Neither the exercise nor an answer to it was found in the notebook; your instructor will look."
            )
        if not found.text:
            return manual("No answer was found below the exercise.")
        return manual("Your instructor will read this one.", seen=found.text)

    return answered


check(LAB, "answer-word-pieces")(answer_to("word-pieces"))
check(LAB, "answer-second-sentence")(answer_to("second-sentence"))


@unattempted(LAB)
def not_begun(e: Evidence) -> bool:
    """The handout's function as it was, no attempt at one that encodes, no training on pairs, nothing written."""
    if any(answer.text for answer in e.written) or e.fitted is not None:
        return False
    as_given = any(UNFINISHED.search(cell.source) for cell in e.cells if cell.kind == "code")
    return as_given and e.asked is None and not begun(e)


def begun(e: Evidence) -> bool:
    """Whether a cell that could not be read as Python, or never ran, encodes pairs nevertheless."""
    return any(definition(e.cells, name) is not None for name in ("convert_nli_examples_to_features",)) or any(
        "zip(" in cell.source and "nli" in cell.source.lower() for cell in e.cells if cell.kind == "code"
    )
