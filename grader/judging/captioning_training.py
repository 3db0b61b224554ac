"""What a training step of the notebook does: its loss, and which variables its gradient reaches."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from grader.judging.arrays import Numbers, array, number, send
from grader.judging.captioning_contact import ATTENTION, DECODER, NEUTRAL, NORMS, PLACES, Decoder, tensor
from grader.judging.captioning_roles import Roles
from grader.judging.compare import nearest, slug
from grader.judging.cut_gradients import cut_off
from grader.judging.examiner import Examiner
from grader.judging.learning import Learning, learning_in
from grader.judging.oracle import Answers
from grader.judging.watching import first_gradients, watched_in
from grader.sandbox.guest.wire import (
    Call,
    ClassInfo,
    FunctionInfo,
    Listing,
    Make,
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

CAPTIONS, LENGTH, DEPTH = 4, 5, 9
START, END = 1, 2
STEP = re.compile(r"train.*step|step.*train|paso|urrats|entren|trebatu", re.IGNORECASE)
ENCODER = re.compile(r"enco|codif|kodetz|cnn", re.IGNORECASE)
BATCHES = re.compile(r"batch|lote|sorta", re.IGNORECASE)
ADAM = "__import__('tensorflow').keras.optimizers.Adam({})"
RATES = {True: 0.02, False: 0.001}  # whether the decoder is small
OPTIMIZERS = "[k for k, v in list(globals().items()) if hasattr(v, 'apply_gradients') and k.isidentifier()]"
SPACE = "__import__('types').SimpleNamespace"
# Its logits for each word in turn, which begin as handed out: logits, then the state.
GUESSES = ("(lambda d, e, photos, words: (lambda a, h: [(r := d(w, a, h), h := r[1])[0][0] for w in words])"
           "(e(photos), d.reset_state(photos.shape[0])))")  # fmt: skip
TINY = 1e-4  # of the last layer's gradient: below it, as for the bias under a softmax, float32 leaves only noise
MANY = 10  # steps of the training on a small task


class Steps(Struct, frozen=True):
    """One watched step; every field None where that could not be seen."""

    loss: float | None = None
    form: str | None = None  # as the reference names losses
    unreached: tuple[str, ...] | None = None  # variables that no gradient reaches
    trouble: Trouble | None = None
    cut: tuple[str, ...] = ()  # variables that a part of the gradient does not reach


class Loop(Struct, frozen=True):
    """The parts of the notebook's training."""

    function: FunctionInfo
    decoder: str  # names of globals
    encoder: str
    encoder_class: ClassInfo
    optimizers: tuple[str, ...]


def loop_of(x: Examiner, decoder: Decoder) -> Loop | None:
    functions = [f for f in decoder.inventory.functions if len(f.parameters) >= 2 and STEP.search(f.name)]
    named = [c for c in decoder.inventory.classes if ENCODER.search(c.name) and c.name != decoder.info.name]
    encoders = [c for c in named if not ATTENTION.search(c.name) and not DECODER.search(c.name)]
    if not functions or not encoders:
        return None
    bound = [c.bound_to for c in decoder.inventory.constructions if c.cls == encoders[-1].name and c.bound_to]
    best = next((f for f in functions if f.name == "train_step"), functions[-1])
    held = x.ask("train.optimizers", Read(OPTIMIZERS, "names")).values.get("names")
    names = [str(name) for name in held.items] if isinstance(held, Listing) else []
    made = tuple(dict.fromkeys((*names, "optimizer")))
    return Loop(best, decoder.bound_to or "decoder", (bound or ["encoder"])[-1], encoders[-1], made)


def small_task(x: Examiner, decoder: Decoder) -> tuple[Numbers, Numbers]:
    """Features [n, 64, 9] of photos, and captions [n, 5] that end with paddings of different length."""
    photos = abs(x.normal("photos", (CAPTIONS, PLACES, DEPTH), 1.0))
    target: Numbers = x.generator("captions").integers(3, decoder.sizes.vocabulary, (CAPTIONS, LENGTH))
    target[:, 0] = START
    for row, length in enumerate((LENGTH, LENGTH - 1, LENGTH - 2, LENGTH)):
        target[row, length - 1], target[row, length:] = END, 0
    return photos, target.astype(np.int32)


def built(decoder: Decoder, loop: Loop, weights: Mapping[str, Numbers], batch: int) -> list[Step]:
    """Our decoder and encoder, optimizer and words under the names the notebook's step reads."""
    width = decoder.sizes.embedding
    sized = {p.name: width for p in loop.encoder_class.parameters if p.required}
    zeros = (np.zeros((batch, 1)), np.zeros((batch, PLACES, width)), np.zeros((batch, decoder.sizes.units)))
    words = WireMapping({"<start>": START, "<end>": END, "<pad>": 0, "<unk>": 3})
    optimizer = Ref(ADAM.format(RATES[decoder.sizes.units < 100]))
    whole = [name for name, v in decoder.inventory.scalars.items() if type(v) is int and BATCHES.search(name)]
    return [
        *decoder.made(), Make("e", loop.encoder_class.name, (), dict(sized)),
        decoder.called(zeros, ""), Call("e", (tensor(np.zeros((batch, PLACES, DEPTH))),)),
        *(Put(path, send(value)) for path, value in weights.items()),
        Put(loop.decoder, Ref("d")), Put(loop.encoder, Ref("e")),
        *(Put(name, optimizer) for name in loop.optimizers), *(Put(name, batch) for name in whole),
        Call(SPACE, (), {"word_index": words, "index_word": WireMapping({})}, "tokens", keep=True),
        Put("tokenizer", Ref("tokens")),
    ]  # fmt: skip


class Asked(Struct, frozen=True):
    """The decoder with our weights, and which form of the reference it has."""

    weights: Mapping[str, Numbers]  # by path
    case: Mapping[str, Numbers]  # by role
    roles: Roles
    form: str | None
    attention: str | None


def question_training(x: Examiner, decoder: Decoder, known: Asked) -> tuple[Steps | None, Learning | None]:
    loop = loop_of(x, decoder)
    if loop is None:
        return None, None
    photos, target = small_task(x, decoder)
    given = (tensor(photos), send(target, "tensor"))
    begin = [*built(decoder, loop, known.weights, CAPTIONS)]
    parts: dict[str, Value] = {"d": Ref("d"), "e": Ref("e"), "train": Ref(loop.function.name)}
    seen = x.ask(
        "train.step", *begin, *NEUTRAL, Call("e", (given[0],), into="encoded"),
        Call(SPACE, (), parts, "t", keep=True), Watch("t", "train", "w", given), seconds=60,
    )  # fmt: skip
    watched = watched_in(seen)
    learning = question_learning(x, decoder, loop, given)
    if watched is None or not watched.tape:
        return Steps(trouble=seen.trouble or (watched.trouble if watched else None)), learning
    loss = number(watched.tape[0].loss)
    encoded = array(seen.values.get("encoded"))
    answers = of_own_guesses(x, begin, given[0], target) if known.form is None else {}
    asked: dict[str, Any] = {}
    if known.form and encoded is not None:
        scores = known.form.replace("softmax-before-loss", "deck")  # where the loss takes probabilities
        asked = {"form": scores, "query": known.attention or "deck", "encoded": encoded, "target": target}
        answers = x.answers("loss", **known.case, **asked)
    kind = nearest({"loss": np.asarray(loss)}, answers) if answers and loss is not None else None
    cut = lacking(x, known, asked | {"kind": kind}, watched) if asked and kind and slug(kind) == "deck" else ()
    return Steps(loss, kind, unreached(watched), watched.trouble, cut), learning


def lacking(x: Examiner, known: Asked, asked: Mapping[str, Any], watched: Watched) -> tuple[str, ...]:
    """Variables of the decoder whose gradient is not the whole one of a loss that is right."""
    every = x.answers("gradients", **known.case, **asked)["whole"]
    least = TINY * float(np.linalg.norm(every["F2"]))
    whole = {role: g for role, g in every.items() if np.linalg.norm(g) > least}
    gradients = first_gradients(watched)
    seen = {role: gradients.get(f"t.{path}") for role, path in known.roles.items()}
    return tuple(known.roles[role] for role in cut_off(seen, whole, known.case, ("F2", "f2")))


def of_own_guesses(x: Examiner, begin: Sequence[Step], photos: Value, target: Numbers) -> Answers:
    """Losses of what the decoder itself says where it is given the right words, for one that no form explains."""
    words = Listing(tuple(send(target[:, t : t + 1], "tensor") for t in range(LENGTH - 1)))
    seen = x.ask("train.guesses", *begin, *NEUTRAL, Call(GUESSES, (Ref("d"), Ref("e"), photos, words), into="g"),
                 seconds=60)  # fmt: skip
    value = seen.values.get("g")
    guesses = [array(one) for one in value.items] if isinstance(value, Listing) else []
    shapes = {None if one is None else one.shape for one in guesses}
    if len(guesses) != LENGTH - 1 or len(shapes) != 1 or guesses[0] is None or len(guesses[0]) != CAPTIONS:
        return {}
    return x.answers("guesses", logits=np.stack(guesses), target=target)  # type: ignore[arg-type]


def unreached(watched: Watched) -> tuple[str, ...]:
    """Variables that are no source of the gradient, or that the loss does not depend on."""
    event = watched.tape[0]
    reached = {path for path, gradient in zip(event.sources, event.gradients, strict=False) if gradient is not None}
    mine = [v.path for v in watched.before if v.dtype.startswith("float") and not NORMS.search(v.path)]
    return tuple(path for path in mine if path not in reached)


def question_learning(x: Examiner, decoder: Decoder, loop: Loop, given: tuple[Value, ...]) -> Learning:
    """A fresh decoder, with its own start values, on four captions."""
    again = f"lambda *given: [{loop.function.name}(*given) for _ in range({MANY})]"
    return learning_in(x.ask(
        "train.learns", *built(decoder, loop, {}, CAPTIONS),
        Call(SPACE, (), {"train": Ref(again)}, "t", keep=True),
        Watch("t", "train", "w", given, steps=MANY, losses_only=True), seconds=90,
    ))  # fmt: skip
