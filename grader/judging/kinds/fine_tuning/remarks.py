"""The lab on transformers: what differs from the handout, or is worth a word, and costs nothing."""

from grader.judging.checks import remarks
from grader.judging.kinds.fine_tuning.interview import LAB, Evidence
from grader.judging.kinds.fine_tuning.models import CASED
from grader.judging.kinds.fine_tuning.rows import complete_rows, explanation, padded_in_batches
from grader.model import Remark

DESTRUCTIVE = 1e-3  # a learning rate that makes BERT forget within a few steps


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    found = []
    if e.uncut is not None:
        told = (
            f"A pair of four hundred words became {e.uncut} pieces, and BERT takes 512: "
            "without truncation=True nothing cuts long pairs."
        )
        found.append(Remark("not-cut", told))
    if e.model and e.model.rate is not None and e.model.rate >= DESTRUCTIVE:
        told = f"A learning rate of {e.model.rate:g} is far above the usual 2e-5 to 5e-5."
        found.append(Remark("learning-rate", f"{told} It overwrites what BERT knows."))
    if e.tested is False and not any(".predict(" in cell.source for cell in e.cells):
        told = "Your model was evaluated, but on no pairs of the test set: what it is worth only these tell."
        found.append(Remark("not-tested", told))
    lengths = {row.ids.size for row in complete_rows(e) if row.ids is not None}
    name = explanation(e) or ""
    room = max(lengths, default=0) if len(lengths) == 1 and not name.endswith("/lower") else 0
    if e.lengths and 0 < room < max(e.lengths):
        cut = sum(length > room for length in e.lengths)
        told = f"Rows are {room} pieces long, which cuts {cut} of our {len(e.lengths)} short pairs."
        found.append(Remark("cut-short", f"{told} Nothing can be learnt from what is cut off."))
    if e.lengths and room == max(e.lengths):
        told = "Rows are padded to the longest one of each set, so training, dev and test rows may differ in length."
        found.append(Remark("padded-to-longest", told))
    if len(lengths) > 1 and padded_in_batches(e):
        told = "Your function leaves each row as long as its pair; rows are padded later, batch by batch."
        found.append(Remark("padded-in-batches", f"{told} That saves time where pairs are short."))
    if name.endswith("/lower") and cased_throughout(e):
        told = "Your sentences reach the tokenizer, or are cut by it, in lower case, but your model knows capitals."
        found.append(Remark("lower-case", f"{told} What capitals would tell it is lost."))
    return tuple(found)


def cased_throughout(e: Evidence) -> bool:
    """Whether model and tokenizer were both made of text with capitals."""
    names = (e.model.checkpoint, *e.model.tokenizers) if e.model else ()
    return bool(names) and all(CASED.search(name) and "uncased" not in name.lower() for name in names)
