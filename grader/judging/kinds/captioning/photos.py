"""What the notebook's own captioner says about photos of the course, with a map for each word."""

import ast
import io
import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from grader.data.parts import IMAGES
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.examiner import Examiner
from grader.judging.kinds.captioning.contact import DECODER, PLACES, Decoder
from grader.judging.kinds.captioning.loop import STEP, tapes
from grader.judging.meeting.source import definition
from grader.model import Cell, Observation, Status, TrainPolicy
from grader.sandbox.guest.wire import Call, FunctionInfo, Listing, Mapping, Put, Read, Ref, Step, Trouble, Value

SHOWN = 3  # photos
PIXELS = 160
TRIED = 4  # functions, each of which may take its whole time
EVALUATE = re.compile(r"evalua|caption|descri|leyenda|ebalua|deskrib|predict", re.IGNORECASE)
PHOTO = re.compile(r"im(g|ag)|path|ruta|foto|photo|file|irudi|url", re.IGNORECASE)
START, END = "<start>", "<end>"
ENOUGH = 3  # words of a caption from which on a word, or a state, that never changes shows
GIVEN = (  # notes words and states of each call of a decoder, which may be one of several networks of its class
    "(lambda plain, notes: lambda s, *a, **k: (notes.append([v for v in __import__('tensorflow').nest.flatten([a, k])"
    " if len(getattr(v, 'shape', ())) == 2 or 'int' in str(getattr(v, 'dtype', ''))]) if s is {decoder} else None,"
    " plain(s, *a, **k))[1])(type({decoder}).{method}, notes.calls)"
)


def plain(message: str) -> str:
    """The sentence inside what Keras writes around it."""
    inner = re.search(r"call\(\)\.\s*(?:\x1b\[\d+m)*\s*(.+?)(?:\x1b|\n\s*\n|$)", message, re.DOTALL)
    found = (inner.group(1) if inner else message).strip().splitlines()
    return re.sub(r"^\{\{.*?\}\}\s*", "", found[0])[:300] if found else ""


class Caption(Struct, frozen=True):
    photo: str  # name of its file
    words: tuple[str, ...]
    weights: Numbers  # [words, 64]
    picture: bytes = b""  # JPEG, from the course's file


class Captioned(Struct, frozen=True):
    function: str
    captions: tuple[Caption, ...] = ()
    trouble: Trouble | None = None
    strange: str = ""  # what came back instead
    untrained: bool = False  # the notebook's training was cut to a few steps
    same: str = ""  # what goes into the decoder unchanged before each word of every caption: word or state


def question_captions(x: Examiner, decoder: Decoder) -> Captioned | None:
    names = photos_of(x)
    taking = [f for f in decoder.inventory.functions if f.parameters and not STEP.search(f.name)]
    speaking = [f for f in taking if speaks(x.cells, decoder, f)]
    called = [f for f in taking if EVALUATE.search(f.name)]
    called.sort(key=lambda f: (f.name != "evaluate", f not in speaking, sum(p.required for p in f.parameters) != 1))
    used = [f for f in speaking if f not in called]
    first = None
    for function in (*called, *used)[:TRIED] if names else ():
        told = captioned(x, decoder, function, names)
        if told.captions and not (told.trouble or told.strange):
            return told
        first = first or (told if function in called else None)
    return first


def speaks(cells: Sequence[Cell], decoder: Decoder, function: FunctionInfo) -> bool:
    """Whether a function asks the decoder, and not in order to train it."""
    found = definition(cells, function.name)
    names = {node.id for node in ast.walk(found[1]) if isinstance(node, ast.Name)} if found else set()
    asks = bool({decoder.bound_to, "decoder"} & names) or any(DECODER.search(p.name) for p in function.parameters)
    return found is not None and asks and not tapes(found[1])


def captioned(x: Examiner, decoder: Decoder, function: FunctionInfo, names: list[str]) -> Captioned:
    found: list[Caption] = []
    same: list[str] = []
    for number, name in enumerate(names):
        given = arguments(function, decoder, Ref(f"grader_photo({name!r})"))
        asking = Call(function.name, given, {}, "r", seed=x.seed % 1000 + number)
        seen = x.ask("captions", *noting(decoder), asking, Read("notes.calls", "calls"))
        if seen.status is Status.RAISED:  # as it stands, lest the notes were in its way
            seen = x.ask("captions", asking)
        if seen.status is not Status.ANSWERED:
            return Captioned(function.name, tuple(found), seen.trouble or Trouble(str(seen.status), ""))
        caption = caption_in(name, seen.values.get("r"))  # type: ignore[arg-type]
        if caption is None:
            return Captioned(function.name, tuple(found), strange=f"{function.name}() returned something else")
        found.append(replace(caption, picture=small(x, name)))
        same += unchanged(seen, caption)
    kind = next((kind for kind in ("word", "state") if same.count(kind) == len(found)), "")
    return Captioned(function.name, tuple(found), untrained=x.training.policy is TrainPolicy.NONE, same=kind)


def noting(decoder: Decoder) -> list[Step]:
    own = decoder.bound_to
    taken = re.search(r"\bd\.(\w+)\(", decoder.way)
    method = taken.group(1) if taken else "__call__"
    begin: list[Step] = [Call("__import__('types').SimpleNamespace", (), {"calls": Listing(())}, "notes", keep=True)]
    return [*begin, Put(f"type({own}).{method}", Ref(GIVEN.format(decoder=own, method=method)))] if own else begin


def unchanged(seen: Observation, caption: Caption) -> list[str]:
    """Of word and state, what was the same in all calls for a caption that says more than the first word."""
    calls = seen.values.get("calls")
    given = [[array(v) for v in one.items] for one in calls.items if isinstance(one, Listing)] if isinstance(
        calls, Listing) else []  # fmt: skip
    if len(given) < ENOUGH or len(caption.words) < ENOUGH or not set(caption.words) - {START}:
        return []
    found = []
    for kind, letters in (("word", "iu"), ("state", "f")):
        parts = [[v for v in one if v is not None and v.dtype.kind in letters] for one in given]
        whole = all(parts) and len({len(one) for one in parts}) == 1
        if whole and all(np.array_equal(a, b) for one in parts for a, b in zip(one, parts[0], strict=True)):
            found.append(kind)
    return found


def arguments(function: FunctionInfo, decoder: Decoder, photo: Ref) -> tuple[Value, ...]:
    """The photo, and what else is required as the global of its name."""
    required = [p.name for p in function.parameters if p.required] or [function.parameters[0].name]
    shown = next((name for name in required if PHOTO.search(name)), required[0])
    own = {"decoder": decoder.bound_to or "decoder"}
    return tuple(photo if name == shown else Ref(own.get(name, name)) for name in required)


def photos_of(x: Examiner) -> list[str]:
    """Names of photos that the notebook has seen; secret ones, for what they are."""
    if IMAGES.name not in x.data:
        return []
    names = sorted(path.name for path in x.data[IMAGES.name].glob("*.jpg"))
    chosen = x.generator("photos").permutation(len(names))[:SHOWN]
    return [names[i] for i in chosen]


def small(x: Examiner, name: str) -> bytes:
    """The course's own photo, so many pixels wide and high at most."""
    packed = io.BytesIO()
    try:
        with Image.open(x.data[IMAGES.name] / name) as photo:
            photo.thumbnail((PIXELS, PIXELS))
            photo.convert("RGB").save(packed, "JPEG", quality=80)
    except OSError:  # no picture Pillow knows: the map is shown without it
        return b""
    return packed.getvalue()


def caption_in(name: str, value: Value) -> Caption | None:
    """Words and a map of weights inside a result, in whichever order."""
    parts = tuple(value.items.values()) if isinstance(value, Mapping) else ()
    parts = value.items if isinstance(value, Listing) else parts
    words = next((w for part in parts if (w := words_in(part))), None)
    maps = [found for part in parts if (found := array(part)) is not None and found.dtype.kind == "f"]
    whole = next((m.reshape(len(m), -1) for m in maps if m.ndim > 1 and m.size % PLACES == 0 and len(m)), None)
    if words and words[0] == START and whole is not None and len(whole) == len(words) - 1:
        words = words[1:]
    if words is None or whole is None or whole.shape[1] != PLACES or len(whole) < len(words):
        return None
    return Caption(name, words, whole[: len(words)])


def words_in(part: Value) -> tuple[str, ...]:
    if isinstance(part, str):
        return tuple(part.split())
    if isinstance(part, Listing) and part.items and all(isinstance(word, str) for word in part.items):
        return tuple(str(word) for word in part.items)
    return ()
