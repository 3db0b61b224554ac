"""Lab 6: where a notebook takes its training step, and how it is entered with photos and captions of ours."""

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import chain

from msgspec import Struct

from grader.judging.kinds.captioning.anew import graphs_in
from grader.judging.kinds.captioning.contact import ATTENTION, DECODER, ENCODER, Decoder
from grader.judging.meeting.source import trees
from grader.model import Cell
from grader.sandbox.guest.wire import ClassInfo, Inventory, ParameterInfo

STEP = re.compile(r"train.*step|step.*train|paso|urrats|entren|trebatu", re.IGNORECASE)
GIVEN = (  # what an argument is called -> what it is given, over photos and target; the first that fits
    (re.compile(r"^dec(oder)?$|deco|desco|deskod", re.IGNORECASE), "{decoder}"),
    (re.compile(r"^enc(oder)?$|codif|kodetz", re.IGNORECASE), "{encoder}"),
    (re.compile(r"^opt", re.IGNORECASE), "optimizer"),
    (re.compile(r"^tok", re.IGNORECASE), "tokenizer"),
    (re.compile(r"^(num_?|n_?)?(epo|ép)", re.IGNORECASE), "1"),
    (re.compile(r"dataset|^ds$|^datos$|loader", re.IGNORECASE), "[(photos, target)]"),
    (re.compile(r"targ|^tar$|cap|leyend|label|seq|^y$|real|objetiv", re.IGNORECASE), "target"),
    (re.compile(r"im(g|ag)|feat|rasg|foto|photo|irud|^x$", re.IGNORECASE), "photos"),
    (re.compile(r"^data$|batch|lote|sorta|inputs|^xy$", re.IGNORECASE), "(photos, target)"),
)
# Stands for an instance of the notebook's: its attributes, but for the parts that are ours.
STAND_IN = (
    "(lambda own, d, e, o, words: (lambda parts: type('StandIn', (), {{"
    "'__getattr__': lambda s, n: parts[n] if n in parts else"
    " vars(type(own))[n].__get__(s, type(s)) if callable(vars(type(own)).get(n)) else getattr(own, n),"
    " '__call__': lambda s, *a, **k: type(own).call(s, *a, **k)}})())("
    "{{n: part for n, v in list(vars(own).items()) for part in (d, e) if type(v).__name__ == type(part).__name__}}"
    " | {{n: o for n, v in list(vars(own).items()) if hasattr(v, 'apply_gradients')}}"
    " | {{n: words for n, v in list(vars(own).items()) if hasattr(v, 'word_index')}}"
    " | {{'optimizer': o, 'trainable_variables': [*e.trainable_variables, *d.trainable_variables],"
    " 'trainable_weights': [*e.trainable_variables, *d.trainable_variables]}}))"
    "({own}, {decoder}, {encoder}, optimizer, tokenizer)"
)
# The decoder itself, where it holds the encoder and trains both: its optimizer and words are ours.
INNER = (
    "(lambda d, *ours: ([setattr(d, n, our) for our, mark in zip(ours, ('apply_gradients', 'word_index'))"
    " for n, v in list(vars(d).items()) if hasattr(v, mark)], d)[1])({decoder}, optimizer, tokenizer)"
)


class Loop(Struct, frozen=True):
    """The parts of the notebook's training."""

    step: str  # an expression: a function of photos and target
    decoder: str  # names of globals
    encoder: str
    encoder_class: ClassInfo
    optimizers: tuple[str, ...]
    batches: str = ""  # the global that a loop at the top of a cell takes them from
    inner: bool = False  # the encoder is a part of the decoder's object
    encoder_maker: str = ""  # what makes it, where that is no class or function of the notebook's


def loop_of(decoder: Decoder, cells: Sequence[Cell], optimizers: tuple[str, ...]) -> Loop | None:
    inventory = decoder.inventory
    named = [c for c in inventory.classes if ENCODER.search(c.name) and c.name != decoder.info.name]
    encoders = [c for c in named if not ATTENTION.search(c.name) and not DECODER.search(c.name)]
    if not encoders:
        return None
    bound = [c.bound_to for c in inventory.constructions if c.cls == encoders[-1].name and c.bound_to]
    names = {"decoder": decoder.bound_to or "decoder", "encoder": (bound or ["encoder"])[-1]}
    found = chain(functions(inventory, cells, names), methods(inventory, names, decoder.info.name), loops(cells))
    step, batches = next(found, ("", ""))
    if not step:
        return None
    inner = INNER.format(**names) in step
    alone = graphs_in(cells, inventory.scalars).get(encoders[-1].name)
    return Loop(step, **names, encoder_class=encoders[-1], optimizers=optimizers, batches=batches, inner=inner,
                encoder_maker=alone.maker if alone else "")  # fmt: skip


Found = tuple[str, str]  # step and batches of a Loop


def functions(inventory: Inventory, cells: Sequence[Cell], names: dict[str, str]) -> Iterator[Found]:
    """Those that open a tape; one called train_step before others, the last defined before earlier ones."""
    taped = {
        node.name for _, tree in trees(cells) for node in tree.body if isinstance(node, ast.FunctionDef) and tapes(node)
    }
    fitting = [f for f in inventory.functions if f.name in taped or (STEP.search(f.name) and len(f.parameters) >= 2)]
    for function in sorted(reversed(fitting), key=lambda f: (f.name != "train_step", not STEP.search(f.name))):
        if given := arguments(function.parameters, names):
            yield f"(lambda photos, target: {function.name}({given}))", ""


def arguments(parameters: tuple[ParameterInfo, ...], names: dict[str, str]) -> str:
    """Empty where photos and captions have no place."""
    required = [p for p in parameters if p.required]
    found = [next((text for name, text in GIVEN if name.search(p.name)), "None") for p in required]
    whole = any("photos" in one and "target" in one for one in found)
    if len(required) == 2 and not whole and set(found) != {"photos", "target"}:
        found = ["photos", "target"]
    if len(required) == 1:
        found = found if found == ["[(photos, target)]"] else ["(photos, target)"]
    given = ", ".join(found).format(**names)
    return given if "photos" in given and "target" in given else ""


def methods(inventory: Inventory, names: dict[str, str], decoder: str) -> Iterator[Found]:
    """Of an instance that holds encoder and decoder, as in `train_step` of a Keras model, or of the decoder's class."""
    for info in reversed(inventory.classes):
        own = next((c.bound_to for c in inventory.constructions if c.cls == info.name and c.bound_to), "")
        for name in info.trains if own else ():
            if given := arguments(info.methods.get(name, ()), names):
                owner = INNER if info.name == decoder else STAND_IN
                # Held by a name while it runs: a method that tf.function compiles does not hold its object.
                run = f"(lambda holder: holder.{name}({given}))({owner.format(own=own, **names)})"
                yield f"(lambda photos, target: {run})", ""


def loops(cells: Sequence[Cell]) -> Iterator[Found]:
    """A loop at the top of a cell that opens its tape itself; it runs as it stands, over one batch of ours."""
    found = [node for _, tree in trees(cells) for node in tree.body if isinstance(node, ast.For) and tapes(node)]
    for loop in reversed(found):
        inner = [node for node in ast.walk(loop) if isinstance(node, ast.For) and isinstance(node.target, ast.Tuple)]
        over = [name.id for node in inner if tapes(node) for name in ast.walk(node.iter) if isinstance(name, ast.Name)]
        batches = [name for name in over if name not in ("enumerate", "tqdm", "zip", "range", "iter", "len", "tf")]
        if batches:
            yield f"(lambda photos, target: exec({ast.unparse(loop)!r}, globals()))", batches[-1]


def tapes(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Attribute | ast.Name) and "GradientTape" in ast.unparse(n) for n in ast.walk(node))
