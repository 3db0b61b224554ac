"""Lab 6: whether what a notebook saves while it trains brings its decoder back."""

import ast
import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.examiner import Examiner
from grader.judging.kinds.captioning.contact import Decoder
from grader.judging.meeting.source import trees
from grader.model import Cell, Observation, Status
from grader.sandbox.guest.wire import Call, ListVariables, Put, Read, Ref, Step, Trouble, VariableInfo, VariableList

OF_TYPE = "[v for v in list(globals().values()) if type(v).__name__ == '{}']"
MANAGERS, CHECKPOINTS = OF_TYPE.format("CheckpointManager"), OF_TYPE.format("Checkpoint")
# Without the optimizer: where it has been built, it brings back by itself the variables that it moves.
PARTS = (
    "__import__('tensorflow').train.Checkpoint(**{{name: part for name, part in {}._trackable_children().items()"
    " if name != 'save_counter' and not hasattr(part, 'apply_gradients')}})"
)
RESTORE = f"(lambda m: {PARTS.format('m.checkpoint')}.restore(m.latest_checkpoint))({MANAGERS}[-1])"
SAVES = re.compile(r"(?<!np)(?<!numpy)\.(save|save_weights|write|save_model)\(|ModelCheckpoint|BackupAndRestore")
NEVER_RESTORED = "What is saved can be brought back, but no line of your notebook does so: it always starts afresh."
LOOKS_UP = re.compile("^latest_checkpoint$")
EPOCH = 1
BRINGS_BACK = re.compile(r"^restore|^load_weights$|^load_model$|^BackupAndRestore$|^read$")


class Restored(Struct, frozen=True):
    right: bool | None  # None: nothing is saved by means that can be tried
    by_notebook: bool | None = None  # whether its own lines bring it back; None: none do at the top of a cell
    trouble: Trouble | None = None
    saved: bool = True  # whether any line saves something
    restored: bool = True  # whether any line brings something back
    looked_up: bool = True  # whether any line asks for the latest checkpoint


def question_checkpoint(x: Examiner, decoder: Decoder) -> Restored | None:
    """Secret numbers are saved by the notebook's own means, overwritten, and have to come back."""
    one = vector_of(x, decoder)
    if one is None:
        return None
    secret = x.normal("checkpoint", one.shape, 1.0)
    held = x.ask("checkpoint.held", Read(f"[len({MANAGERS}), len({CHECKPOINTS})]", "held"))
    numbers = array(held.values.get("held"))
    if numbers is not None and not numbers[0]:
        return without_manager(x, one, secret, bool(numbers[1]))
    begin = (Put(one.path, send(secret)), Call(f"{MANAGERS}[-1].save", ()), wiped(one))
    seen = x.ask("checkpoint", *begin, Call(f"(lambda: {RESTORE})", ()), Read(one.path, "back"), seconds=60)
    lines, own = restoring(x.cells), None
    if lines:
        again = Call("exec", (lines, Ref("globals()")))
        answer = x.ask("checkpoint.own", *begin, again, Read(one.path, "back"), seconds=60)
        own = came_back(answer, secret) if answer.status is Status.ANSWERED else None
    return by_lines(x, Restored(came_back(seen, secret), own, seen.trouble))


def vector_of(x: Examiner, decoder: Decoder) -> VariableInfo | None:
    """The longest of the notebook's own decoder."""
    if not decoder.bound_to:
        return None
    listed = x.ask("checkpoint.variables", ListVariables(decoder.bound_to, "v")).values.get("v")
    every = listed.variables if isinstance(listed, VariableList) else ()
    vectors = [v for v in every if len(v.shape) == 1 and v.dtype == "float32"]
    # Lists of layers come last: Keras tells checkpoints nothing of what they hold.
    return max(vectors, key=lambda v: ("[" not in v.path, v.shape[0]), default=None)


def wiped(one: VariableInfo) -> Step:
    return Put(one.path, send(np.zeros(one.shape, np.float32)))


def without_manager(x: Examiner, one: VariableInfo, secret: Numbers, checkpoints: bool) -> Restored:
    """By a plain checkpoint, else by the notebook's own lines that save and load weights."""
    if not any(cell.kind == "code" and SAVES.search(cell.source) for cell in x.cells):
        return Restored(None, saved=False)
    saving, loading = calls(x.cells, "save_weights"), calls(x.cells, "load_weights")
    if checkpoints:
        parts = f"{PARTS.format(f'{CHECKPOINTS}[-1]')}"
        save: tuple[Step, ...] = (
            Call("__import__('tempfile').mkdtemp", (), {}, "folder", keep=True),
            Call(f"(lambda folder: {parts}.write(folder + '/all'))", (Ref("folder"),)),
        )
        load: Step = Call(f"(lambda folder: {parts}.read(folder + '/all'))", (Ref("folder"),))
    elif (saves := taking_one(x.cells, "save_weights")) and (loads := taking_one(x.cells, "load_weights")):
        save, load = (Call(saves, (EPOCH,)),), Call(loads, (EPOCH,))
    elif saving and loading:
        save = (Call("exec", (saving, Ref("globals()"))),)
        load = Call("exec", (loading, Ref("globals()")))
    else:
        return Restored(None)
    seen = x.ask("checkpoint", Put(one.path, send(secret)), *save, wiped(one), load, Read(one.path, "back"), seconds=60)
    right = came_back(seen, secret)
    decided = right if right or (checkpoints and seen.status is Status.ANSWERED) else None
    return by_lines(x, Restored(decided, None, seen.trouble))


def by_lines(x: Examiner, found: Restored) -> Restored:
    return replace(found, restored=names(x.cells, BRINGS_BACK), looked_up=names(x.cells, LOOKS_UP))


def names(cells: Sequence[Cell], wanted: re.Pattern[str]) -> bool:
    """Whether any line of the code names such a thing."""
    found = (node.attr if isinstance(node, ast.Attribute) else node.id for _, tree in trees(cells)
             for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name))  # fmt: skip
    return any(wanted.search(name) for name in found)


def calls(cells: Sequence[Cell], method: str) -> str:
    found = [
        ast.unparse(node) for _, tree in trees(cells) for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]  # fmt: skip
    return "\n".join(dict.fromkeys(found))


def taking_one(cells: Sequence[Cell], method: str) -> str:
    """The last function that does this and takes one thing: the epoch, most likely, for the names of the files."""
    found = [
        node.name for _, tree in trees(cells) for node in tree.body
        if isinstance(node, ast.FunctionDef) and len(node.args.args) - len(node.args.defaults) == 1
        and any(isinstance(one, ast.Attribute) and one.attr == method for one in ast.walk(node))
    ]  # fmt: skip
    return found[-1] if found else ""


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
