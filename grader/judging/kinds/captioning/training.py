"""What a training step of the notebook does: its loss, and which variables its gradient reaches."""

import re
from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array, number, send
from grader.judging.comparing.compare import nearest, slug
from grader.judging.examiner import Examiner
from grader.judging.instruments.cut_gradients import cut_off
from grader.judging.instruments.learning import Learning, learning_in
from grader.judging.instruments.recomputed import SAME_START, Recomputed, recomputed
from grader.judging.instruments.silence import NORMS
from grader.judging.kinds.captioning.contact import DEPTH as OF_INCEPTION
from grader.judging.kinds.captioning.contact import NEUTRAL, PLACES, SIZES, Decoder, flat, tensor, ways
from grader.judging.kinds.captioning.cut import cut_in_differences
from grader.judging.kinds.captioning.encoding import DEPTH, encoder_of, settings_read
from grader.judging.kinds.captioning.loop import Loop, loop_of
from grader.judging.kinds.captioning.photos import plain
from grader.judging.kinds.captioning.recorded import NOTING, recorded
from grader.judging.kinds.captioning.roles import Roles
from grader.judging.meeting.watching import first_gradients, watched_in
from grader.model import Observation
from grader.sandbox.guest.wire import (
    Call,
    Listing,
    Put,
    Read,
    Ref,
    Step,
    Trouble,
    Value,
    Watch,
    Watched,
)
from grader.sandbox.guest.wire import Mapping as WireMapping

CAPTIONS, LENGTH = 4, 5
USUAL_BATCH, MOST = 64, 128
SIZES_DO_NOT_FIT = ("InvalidArgumentError", "ValueError")
START, END = 1, 2
LENGTHS = re.compile(r"max.*(len|long|luz)|(len|long|luz).*max", re.IGNORECASE)
BATCHES = re.compile(r"batch|lote|sorta", re.IGNORECASE)
ADAM = "__import__('tensorflow').keras.optimizers.Adam({})"
RATES = {True: 0.02, False: 0.001}  # whether the decoder is small
OPTIMIZERS = "[k for k, v in list(globals().items()) if hasattr(v, 'apply_gradients') and k.isidentifier()]"
SPACE = "__import__('types').SimpleNamespace"
TINY = 1e-4  # of the last layer's gradient: below it, as for the bias under a softmax, float32 leaves only noise
MANY = 10  # steps of the training on a small task


class Steps(Struct, frozen=True):
    """One watched step; every field None where that could not be seen."""

    loss: float | None = None
    form: str | None = None  # as the reference names losses
    unreached: tuple[str, ...] | None = None  # variables that no gradient reaches
    trouble: Trouble | None = None
    cut: tuple[str, ...] = ()  # variables that a part of the gradient does not reach
    walked: bool = False  # right words and states were seen to go in, whatever the loss makes of them
    ours: bool = False  # what it ended with may be of the way it was entered here
    full_only: str = ""  # what it ends with where the captions are fewer than a whole batch
    drops: bool = False  # the notebook's batches are all whole


def small_task(x: Examiner, decoder: Decoder, captions: int) -> tuple[Numbers, Numbers]:
    """Features [n, 64, 9] of photos, and captions [n, 5] that end with paddings of different length."""
    photos = abs(x.normal("photos", (captions, PLACES, DEPTH), 1.0))
    target: Numbers = x.generator("captions").integers(3, decoder.sizes.vocabulary, (captions, LENGTH))
    target[:, 0] = START
    for row, length in zip(range(captions), cycle((LENGTH, LENGTH - 1, LENGTH - 2, LENGTH)), strict=False):
        target[row, length - 1], target[row, length:] = END, 0
    return photos, target.astype(np.int32)


def built(decoder: Decoder, loop: Loop, weights: Mapping[str, Numbers], batch: int) -> list[Step]:
    """Our decoder and encoder, optimizer and words under the names the notebook's step reads."""
    width = decoder.sizes.embedding
    zeros = (np.zeros((batch, 1)), np.zeros((batch, PLACES, width)), np.zeros((batch, decoder.sizes.units)))
    words = WireMapping({"<start>": START, "<end>": END, "<pad>": 0, "<unk>": 3})
    optimizer = Ref(ADAM.format(RATES[decoder.sizes.units < 100]))
    return [
        SAME_START, *(Put(name, size) for name, size in sizes_read(decoder, batch).items()),
        *settings_read(decoder.kwargs), *decoder.made(), encoder_of(decoder, loop),
        decoder.called(zeros, ""), Call("e", (tensor(np.zeros((batch, PLACES, DEPTH))),)),
        *(Put(path, send(value)) for path, value in weights.items()),
        Put(loop.decoder, Ref("d")), Put(loop.encoder, Ref("e")), Put("optimizer", optimizer),
        *(Put(name, Ref("optimizer")) for name in loop.optimizers),
        Call(SPACE, (), {"word_index": words, "index_word": WireMapping({})}, "tokens", keep=True),
        Put("tokenizer", Ref("tokens")),
    ]  # fmt: skip


def sizes_read(decoder: Decoder, batch: int) -> dict[str, int]:
    """Global sizes of the notebook's, as they have to be for decoder and captions of ours."""
    *_, own = ways(decoder.inventory, decoder.info)
    found: dict[str, int] = {}
    for name, value in decoder.inventory.scalars.items():
        if type(value) is not int:
            continue
        role = next((role for role, p in SIZES.items() if p.search(name) and value == getattr(own.sizes, role)), None)
        if BATCHES.search(name):
            found[name] = batch
        elif LENGTHS.search(name):
            found[name] = LENGTH
        elif role:
            found[name] = getattr(decoder.sizes, role)
        elif value == OF_INCEPTION:
            found[name] = DEPTH
    return found


class Asked(Struct, frozen=True):
    """The decoder with our weights, and which form of the reference it has."""

    weights: Mapping[str, Numbers]  # by path
    case: Mapping[str, Numbers]  # by role
    roles: Roles
    form: str | None
    attention: str | None
    vocabulary: int


def question_training(x: Examiner, decoder: Decoder, known: Asked) -> tuple[Steps | None, Learning | None]:
    held = x.ask("train.optimizers", Read(OPTIMIZERS, "names")).values.get("names")
    names = tuple(str(name) for name in held.items) if isinstance(held, Listing) else ()
    loop = loop_of(decoder, x.cells, names)
    if loop is None:
        return None, None
    steps, learning = on_captions(x, decoder, known, loop, CAPTIONS)
    whole = whole_batch(x, decoder)
    drops = any("drop_remainder" in cell.source for cell in x.cells if cell.kind == "code")
    if steps.loss is None and steps.trouble and steps.trouble.kind in SIZES_DO_NOT_FIT and whole.written:
        again, learning_again = on_captions(x, decoder, known, loop, whole.size)
        if again.loss is not None:
            return replace(again, full_only=said(steps.trouble), drops=drops), learning_again
    if steps.loss is not None and whole.names and (trouble := with_fewer(x, decoder, known, loop, whole.names)):
        return replace(steps, full_only=said(trouble), drops=drops), learning
    return steps, learning


class Batch(Struct, frozen=True):
    size: int
    written: bool  # as a number where the training or the decoder is written
    names: tuple[str, ...]  # globals that hold it and are read there


def whole_batch(x: Examiner, decoder: Decoder) -> Batch:
    """The notebook's own batch."""
    marks = ("GradientTape", f"class {decoder.info.name}", f"def {decoder.info.name}(")
    text = "\n".join(c.source for c in x.cells if c.kind == "code" and any(mark in c.source for mark in marks))
    sizes = {name: v for name, v in decoder.inventory.scalars.items() if BATCHES.search(name)}
    held = {name: v for name, v in sizes.items() if type(v) is int and 1 < v <= MOST}
    size = next(iter(held.values()), USUAL_BATCH)
    names = tuple(name for name in held if re.search(rf"\b{re.escape(name)}\b", text))
    return Batch(size, bool(re.search(rf"\b{size}\b", text)), names)


def with_fewer(x: Examiner, decoder: Decoder, known: Asked, loop: Loop, names: tuple[str, ...]) -> Trouble | None:
    """What a step on fewer captions than those globals say ends with."""
    photos, target = small_task(x, decoder, CAPTIONS)
    given = (tensor(photos), send(target, "tensor"))
    larger = (Put(name, 2 * CAPTIONS) for name in names)
    begin = entered(decoder, loop, known, given)
    seen = x.ask("train.fewer", *begin, *larger, Watch("t", "train", "w", given, losses_only=True), seconds=60)
    watched = watched_in(seen)
    trouble = seen.trouble or (watched.trouble if watched and not watched.tape else None)
    return trouble if trouble and trouble.kind in SIZES_DO_NOT_FIT else None


def said(trouble: Trouble) -> str:
    return f"{trouble.kind} ({plain(trouble.message)[:160].rstrip('. ')})"


def on_captions(x: Examiner, decoder: Decoder, known: Asked, loop: Loop, captions: int) -> tuple[Steps, Learning]:
    photos, target = small_task(x, decoder, captions)
    given = (tensor(photos), send(target, "tensor"))
    begin = entered(decoder, loop, known, given)
    seen = x.ask("train.step", *begin, Watch("t", "train", "w", given), Read("notes.calls", "calls"), seconds=60)
    watched = watched_in(seen)
    learning = question_learning(x, decoder, known, loop, given, target)
    if watched is None or not watched.tape:
        trouble = seen.trouble or (watched.trouble if watched else None)
        return Steps(trouble=trouble, ours=not failed_before(x, trouble)), learning
    steps = Steps(number(watched.tape[0].loss), None, unreached(watched), watched.trouble)
    steps = explained(x, known, steps, watched, seen, target)
    if steps.walked:  # no formula gives its gradient
        steps = replace(steps, cut=cut_in_differences(x, begin, given, watched))
    return steps, learning


def failed_before(x: Examiner, trouble: Trouble | None) -> bool:
    """Whether a cell of the notebook's own ended with the same."""
    own = {cell.trouble.kind for cell in x.run.cells if cell.trouble}
    return trouble is not None and trouble.kind in own


def entered(decoder: Decoder, loop: Loop, known: Asked, given: tuple[Value, ...]) -> list[Step]:
    """Its training as `t.train`, with notes of every call of the decoder."""
    parts: dict[str, Value] = {"d": Ref("d"), "e": Ref("e"), "train": Ref(loop.step)}
    return [
        *built(decoder, loop, known.weights, size_of(given)), *NEUTRAL, Call("e", (given[0],), into="encoded"),
        *batches_of(loop, given), Call(SPACE, (), parts, "t", keep=True),
        *noting(decoder),
    ]  # fmt: skip


def noting(decoder: Decoder) -> list[Step]:
    taken = re.search(r"\bd\.(\w+)\(", decoder.way)
    method = taken.group(1) if taken else "__call__"
    return [
        Call(SPACE, (), {"calls": Listing(())}, "notes", keep=True),
        Put(f"type(d).{method}", Ref(NOTING.format(method))),
    ]


def size_of(given: tuple[Value, ...]) -> int:
    """Captions of a task of ours."""
    found = array(given[0])
    return CAPTIONS if found is None else len(found)


def batches_of(loop: Loop, given: tuple[Value, ...]) -> list[Step]:
    return [Put(loop.batches, Listing((Listing(given, "tuple"),)))] if loop.batches else []


def explained(x: Examiner, known: Asked, steps: Steps, watched: Watched, seen: Observation, target: Numbers) -> Steps:
    """By what the reference makes of the captions, else by what the decoder was seen to say of them."""
    loss = {"loss": np.asarray(steps.loss)}
    encoded = next((found for value in flat(seen.values.get("encoded")) if (found := array(value)) is not None), None)
    if known.form and encoded is not None:
        scores = known.form.replace("softmax-before-loss", "deck")  # where the loss takes probabilities
        asked = {"form": scores, "query": known.attention or "deck", "encoded": encoded, "target": target}
        if kind := nearest(loss, x.answers("loss", **known.case, **asked)):
            cut = lacking(x, known, asked | {"kind": kind}, watched) if slug(kind) == "deck" else ()
            return replace(steps, form=kind, cut=cut)
    walk = recorded(seen.values.get("calls"), target, known.vocabulary)
    if walk is None:
        return steps
    kind = walk.wrong or nearest(loss, x.answers("guesses", logits=walk.logits, target=target))
    return replace(steps, form=kind, walked=walk.wrong is None)


def lacking(x: Examiner, known: Asked, asked: Mapping[str, Any], watched: Watched) -> tuple[str, ...]:
    """Variables of the decoder whose gradient is not the whole one of a loss that is right."""
    every = x.answers("gradients", **known.case, **asked)["whole"]
    least = TINY * float(np.linalg.norm(every["F2"]))
    whole = {role: g for role, g in every.items() if np.linalg.norm(g) > least}
    gradients = first_gradients(watched)
    seen = {role: gradients.get(f"t.{path}") for role, path in known.roles.items()}
    return tuple(known.roles[role] for role in cut_off(seen, whole, known.case, ("F2", "f2")))


def unreached(watched: Watched) -> tuple[str, ...]:
    """Variables that are no source of the gradient, or that the loss does not depend on."""
    event = watched.tape[0]
    reached = {path for path, gradient in zip(event.sources, event.gradients, strict=False) if gradient is not None}
    mine = [v.path for v in watched.before if not NORMS.search(v.path)]
    return tuple(path for path in mine if path not in reached)


def question_learning(
    x: Examiner, decoder: Decoder, known: Asked, loop: Loop, given: tuple[Value, ...], target: Numbers
) -> Learning:
    """A fresh decoder, with its own start values, on four captions; what it says of them is noted."""
    again = f"lambda *given: [{loop.step}(*given) for _ in range({MANY})]"
    seen = x.ask(
        "train.learns", *built(decoder, loop, {}, size_of(given)), *batches_of(loop, given),
        Call(SPACE, (), {"train": Ref(again)}, "t", keep=True), *noting(decoder),
        Watch("t", "train", "w", given, steps=MANY, losses_only=True), Read("notes.calls", "calls"), seconds=90,
    )  # fmt: skip
    learning = learning_in(seen)
    return replace(learning, own=own_losses(seen.values.get("calls"), len(learning.losses), target, known.vocabulary))


def own_losses(calls: Any, trainings: int, target: Numbers, vocabulary: int) -> Recomputed | None:
    """From what the decoder said in the first and in the last of so many trainings."""
    each, rest = divmod(len(calls.items), trainings) if isinstance(calls, Listing) and trainings else (0, 1)
    if rest or not each:
        return None
    walks = [recorded(Listing(part), target, vocabulary) for part in (calls.items[:each], calls.items[-each:])]
    words = target[:, 1:].T  # [T - 1, B]
    before, after = (None if walk is None else walk.logits[words != 0] for walk in walks)
    return recomputed(before, after, words[words != 0])
