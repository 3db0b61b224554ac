"""What the notebook's own captioner says about photos of the course, and whether its checkpoints bring it back."""

import io
import re

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from grader.data.parts import IMAGES
from grader.judging.arrays import Numbers, array, send
from grader.judging.captioning_contact import PLACES, Decoder
from grader.judging.examiner import Examiner
from grader.model import Status
from grader.sandbox.guest.wire import Call, Listing, ListVariables, Put, Read, Ref, Trouble, Value, VariableList

SHOWN = 3  # photos
PIXELS = 160
EVALUATE = re.compile(r"evalua|caption|descri|leyenda|ebalua|deskrib|predict", re.IGNORECASE)
MANAGER = "[v for v in list(globals().values()) if type(v).__name__ == 'CheckpointManager'][-1]"
RESTORE = f"(lambda manager: manager.checkpoint.restore(manager.latest_checkpoint))({MANAGER})"
END = "<end>"


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


class Restored(Struct, frozen=True):
    right: bool | None  # None: there is no manager of checkpoints
    trouble: Trouble | None = None


def question_captions(x: Examiner, decoder: Decoder) -> Captioned | None:
    fitting = [f for f in decoder.inventory.functions if EVALUATE.search(f.name)]
    taking = [f for f in fitting if sum(p.required for p in f.parameters) == 1]
    best = next((f for f in taking if f.name == "evaluate"), next(iter(taking), None))
    names = photos_of(x)
    if best is None or not names:
        return None
    found: list[Caption] = []
    for number, name in enumerate(names):
        seen = x.ask("captions", Call(best.name, (Ref(f"photo({name!r})"),), {}, "r", seed=x.seed % 1000 + number))
        if seen.status is not Status.ANSWERED:
            return Captioned(best.name, tuple(found), seen.trouble or Trouble(str(seen.status), ""))
        caption = caption_in(name, seen.values.get("r"))  # type: ignore[arg-type]
        if caption is None:
            return Captioned(best.name, tuple(found), strange=f"{best.name}() returned something else")
        found.append(replace(caption, picture=small(x, name)))
    return Captioned(best.name, tuple(found))


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
    parts = value.items if isinstance(value, Listing) else ()
    words = next((w for part in parts if (w := words_in(part))), None)
    maps = [found for part in parts if (found := array(part)) is not None and found.dtype.kind == "f"]
    whole = next((m.reshape(len(m), -1) for m in maps if m.ndim > 1 and m.size % PLACES == 0 and len(m)), None)
    if words is None or whole is None or whole.shape[1] != PLACES or len(whole) < len(words):
        return None
    return Caption(name, words, whole[: len(words)])


def words_in(part: Value) -> tuple[str, ...]:
    if isinstance(part, str):
        return tuple(part.split())
    if isinstance(part, Listing) and part.items and all(isinstance(word, str) for word in part.items):
        return tuple(str(word) for word in part.items)
    return ()


def question_checkpoint(x: Examiner, decoder: Decoder) -> Restored | None:
    """Secret numbers are saved by the notebook's own manager, overwritten, and have to come back."""
    if not decoder.bound_to:
        return None
    listed = x.ask("checkpoint.variables", ListVariables(decoder.bound_to, "v")).values.get("v")
    vectors = [v for v in listed.variables if len(v.shape) == 1 and v.dtype == "float32"] if isinstance(
        listed, VariableList) else []  # fmt: skip
    if not vectors:
        return None
    one = max(vectors, key=lambda v: v.shape[0])
    secret = x.normal("checkpoint", one.shape, 1.0)
    seen = x.ask(
        "checkpoint", Read(f"len({MANAGER[:-4]})", "managers"), Put(one.path, send(secret)),
        Call(f"{MANAGER}.save", ()), Put(one.path, send(np.zeros(one.shape, np.float32))),
        Call(f"(lambda: {RESTORE})", ()), Read(one.path, "back"), seconds=60,
    )  # fmt: skip
    if seen.values.get("managers") == 0:
        return Restored(None)
    back = array(seen.values.get("back"))
    return Restored(back is not None and back.shape == secret.shape and bool(np.allclose(back, secret)), seen.trouble)
