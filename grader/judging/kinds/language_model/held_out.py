"""What the notebook's own trained model is worth: the perplexity of sentences it was not trained on, and samples."""

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers, array, number
from grader.judging.examiner import Examiner
from grader.judging.instruments.silence import whole
from grader.judging.kinds.language_model.asking import Forward, guesses_in, settings
from grader.judging.kinds.language_model.parts import Layout
from grader.judging.kinds.language_model.sampling import SECONDS, sampling_call
from grader.judging.meeting.classes import own_batch
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import value_of
from grader.model import Run
from grader.sandbox.guest.wire import Put, Read, Ref

LARGEST = 48 * 1024**2  # bytes of guesses
PADDING = 2
SHOWN = 5
DEV = "(globals().get('dev_set') or globals().get('test_set'))"


class HeldOut(Struct, frozen=True):
    perplexity: float
    words: int
    sentences: int
    vocabulary: int


def question_held_out(x: Examiner, contact: Contact, forward: Forward, found: Layout) -> HeldOut | None:
    """exp of the mean cross-entropy over all words but paddings; None when there is no trained model or no dev set."""
    name, count = trained(contact), own_batch(contact)
    if not name:
        return None
    embedding = found.embedding.path.replace("c.", f"{name}.", 1)
    seen = x.ask(
        f"{contact.info.name}.dev",
        Read(f"[example['index_sequence'] for example in {DEV}[:{count}]]", "ids"),
        Read(f"int({embedding}.shape[{int(found.embedding.turned)}])", "size"),
    )
    ids, size = array(value_of(seen, "ids")), number(value_of(seen, "size"))
    if ids is None or ids.ndim != 2 or ids.dtype.kind not in "iu" or len(ids) != count or size is None:
        return None
    shape = (ids.shape[1] - 1, count, int(size))
    if ids.min() < 0 or ids.max() >= size or 4 * np.prod(shape) > LARGEST:
        return None
    quiet = [Put(f"c.{attribute}", value) for attribute, value in settings(contact, 0.0).items()]
    asked = [Put("c", Ref(name)), *whole(), *quiet, *forward.call(ids, 0.0, "r")]
    seen = x.ask(f"{contact.info.name}.held_out", *asked, seconds=30.0)
    guesses = guesses_in(value_of(seen, "r"), shape)
    return measured(guesses[: shape[0]], ids) if guesses is not None else None


def trained(contact: Contact) -> str:
    """The global that holds the notebook's own model, the last one of this class; empty when none does."""
    made = [c.bound_to for c in contact.inventory.constructions if c.cls == contact.info.name and c.bound_to]
    return made[-1] if made else ""


def measured(guesses: Numbers, ids: Numbers) -> HeldOut:
    """guesses [n, B, V], ids [B, n + 1]."""
    shifted = guesses.astype(np.float64) - guesses.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    targets = ids[:, 1:].T[: len(guesses)]
    told = np.take_along_axis(logs, targets[..., None].astype(np.int64), -1)[..., 0][targets != PADDING]
    return HeldOut(float(np.exp(-told.mean())), told.size, len(ids), guesses.shape[2])


def own_samples(x: Examiner, contact: Contact) -> tuple[str, ...]:
    """What the sampler of the notebook's own model returns."""
    name = trained(contact)
    calls = [call for i in range(SHOWN) if name and (call := sampling_call(contact, name, f"s{i}", i))]
    if not calls:
        return ()
    seen = x.ask(f"{contact.info.name}.samples", *calls, seconds=SECONDS)
    said = [value_of(seen, f"s{i}") for i in range(SHOWN)]
    return tuple(text[:300] for text in said if isinstance(text, str) and text)


def printed_samples(run: Run) -> tuple[str, ...]:
    """Lines of the notebook's outputs that begin a sentence, the last ones: those of the trained model."""
    lines = [
        line[line.index("<S>") :].strip()
        for cell in run.cells
        for output in cell.outputs
        for line in str(output.get("text", "")).splitlines()
        if "<S>" in line and len(line.split()) > 3 and "[" not in line
    ]
    return tuple(line[:300] for line in lines[-SHOWN:])
