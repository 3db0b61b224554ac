"""What the notebook's own captioner says about photos of the course, and whether its checkpoints bring it back."""

import ast
import io
import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from grader.data.parts import IMAGES
from grader.judging.arrays import Numbers, array, send
from grader.judging.captioning_contact import PLACES, Decoder
from grader.judging.examiner import Examiner
from grader.judging.source import trees
from grader.model import Cell, Observation, Status, TrainPolicy
from grader.sandbox.guest.wire import Call, Listing, ListVariables, Put, Read, Ref, Trouble, Value, VariableList

SHOWN = 3  # photos
PIXELS = 160
EVALUATE = re.compile(r"evalua|caption|descri|leyenda|ebalua|deskrib|predict", re.IGNORECASE)
MANAGER = "[v for v in list(globals().values()) if type(v).__name__ == 'CheckpointManager'][-1]"
# Without the optimizer: where it has been built, it brings back by itself the variables that it moves.
RESTORE = (
    "(lambda m, train: train.Checkpoint(**{name: part for name, part in m.checkpoint._trackable_children().items()"
    " if name != 'save_counter' and not hasattr(part, 'apply_gradients')}).restore(m.latest_checkpoint))"
    f"({MANAGER}, __import__('tensorflow').train)"
)
END = "<end>"


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


class Restored(Struct, frozen=True):
    right: bool | None  # None: there is no manager of checkpoints
    by_notebook: bool | None = None  # whether its own lines bring it back; None: none do at the top of a cell
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
    return Captioned(best.name, tuple(found), untrained=x.training.policy is TrainPolicy.NONE)


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
    begin = (
        Read(f"len({MANAGER[:-4]})", "managers"), Put(one.path, send(secret)),
        Call(f"{MANAGER}.save", ()), Put(one.path, send(np.zeros(one.shape, np.float32))),
    )  # fmt: skip
    seen = x.ask("checkpoint", *begin, Call(f"(lambda: {RESTORE})", ()), Read(one.path, "back"), seconds=60)
    if seen.values.get("managers") == 0:
        return Restored(None)
    lines, own = restoring(x.cells), None
    if lines:
        again = Call("exec", (lines, Ref("globals()")))
        answer = x.ask("checkpoint.own", *begin, again, Read(one.path, "back"), seconds=60)
        own = came_back(answer, secret) if answer.status is Status.ANSWERED else None
    return Restored(came_back(seen, secret), own, seen.trouble)


def came_back(seen: Observation, secret: Numbers) -> bool:
    back = array(seen.values.get("back"))
    return back is not None and back.shape == secret.shape and bool(np.allclose(back, secret))


def restoring(cells: Sequence[Cell]) -> str:
    """The last statement at the top of a cell that restores a checkpoint whenever there is one; empty without such."""
    found = [
        statement for _, tree in trees(cells) for statement in tree.body
        if isinstance(statement, (ast.Expr, ast.Assign, ast.If)) and any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("restore")
            for node in ast.walk(statement)
        )
    ]  # fmt: skip
    last = found[-1] if found else None
    asks = last.test if isinstance(last, ast.If) else last
    return ast.unparse(last) if last and asks and "latest_checkpoint" in ast.unparse(asks) else ""
