"""`grader doctor --gpu`: whether notebooks really compute on a GPU of this machine, in their share, as on the CPU."""

from collections.abc import Iterator

from grader.errors import Crowded, GraderError
from grader.model import Cell, CellRun, CellStatus, Device, Limits, Run, TrainBudget, TrainPolicy
from grader.running.gpus import Inventory, installed
from grader.running.slots import slots
from grader.sandbox.kernel import Setting
from grader.sandbox.session import Session, open_session
from grader.sandbox.walls.isolation import best_isolation

Found = tuple[str, bool, str]  # as in doctor.py
APART = 1e-4  # relative; a GPU adds up in another order than a CPU
SECONDS = 180.0
SEES = """
import tensorflow as tf
print(len(tf.config.list_physical_devices("GPU")))
"""
# A step of a gated unit as in lab4: its gradients on both devices.
STEP = """
import numpy as np
def gradients(device):
    rng = np.random.default_rng(0)
    with tf.device(device):
        W = [tf.Variable(rng.normal(0, 0.3, (20, 12)).astype("float32")) for _ in range(3)]
        x = tf.constant(rng.normal(size=(10, 64, 8)).astype("float32"))
        with tf.GradientTape() as tape:
            h = tf.zeros([64, 12])
            for word in tf.unstack(x):
                z, r = (tf.sigmoid(tf.concat([word, h], 1) @ w) for w in W[:2])
                h = z * tf.tanh(tf.concat([word, r * h], 1) @ W[2]) + (1 - z) * h
            cost = tf.reduce_mean(h ** 2)
        return [g.numpy() for g in tape.gradient(cost, W)]
print(max(float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for a, b in zip(gradients("GPU:0"), gradients("CPU:0"))))
"""
FILLS = """
hoard = [tf.zeros(2**20) for _ in range({megabytes} // 4 + 64)]
"""


def gpu_findings(inventory: Inventory = installed) -> Iterator[Found]:
    """What a doctor's line holds, for each thing that was tried; a GPU that cannot be tried is one of them."""
    found = inventory()
    (slot,) = slots(found, memory=0, jobs=1)
    if slot.device is None:
        why = found.why_none or "its memory is too full for a notebook; end what fills it."
        yield "gpu test", False, f"there is no GPU to try: {why}"
        return
    fills = FILLS.format(megabytes=slot.device.memory // 1024**2)
    try:
        with open_session(setting(slot.number, slot.device)) as session:
            run = session.run(tuple(Cell(n, "code", source) for n, source in enumerate((SEES, STEP, fills))))
            yield from told_of(run, slot.device)
            if session.card_full:
                yield again(session)
    except GraderError as trouble:
        yield "gpu test", False, f"no notebook could be run on {slot.device.name}: {trouble}"


def setting(slot: int, device: Device) -> Setting:
    return Setting(
        slot=slot,
        data={},
        limits=Limits(SECONDS, SECONDS),
        budget=TrainBudget(TrainPolicy.NONE),
        seed=0,
        isolation=best_isolation(),
        device=device,
    )


def told_of(run: Run, device: Device) -> Iterator[Found]:
    sees, step, fills = run.cells
    if printed(sees).strip() != "1":
        yield (
            "jail",
            False,
            f"TensorFlow in the jail does not see {device.name}. Outside of it, does "
            "`python -c \"import tensorflow as tf; print(tf.config.list_physical_devices('GPU'))\"` name one? "
            "If not, CUDA or the driver is missing: `make install TF=tf-gpu`. If it does, tell us what /dev holds.",
        )
        return
    yield "jail", True, f"TensorFlow in the jail sees {device.name}, and no other GPU."
    yield same_step(step)
    yield within_share(fills, device)


def same_step(step: CellRun) -> Found:
    try:
        apart = float(printed(step))
    except ValueError:
        said = f"{step.trouble.kind}: {step.trouble.message[:200]}" if step.trouble else step.status
        return "step", False, f"a step of a gated unit does not run there ({said}); notebooks would fail as well."
    if apart < APART:
        return "step", True, f"the gradients of a gated unit are those of the CPU, to {apart:.0e}."
    return (
        "step",
        False,
        f"the gradients of a gated unit differ from the CPU's by {apart:.0e}, more than checks forgive. "
        "Grade on the CPU: CUDA_VISIBLE_DEVICES=-1 grader grade …",
    )


def within_share(fills: CellRun, device: Device) -> Found:
    share = f"{device.memory / 1024**3:.1f} GB"
    if fills.status is CellStatus.OUT_OF_MEMORY:
        return "share", True, f"a notebook gets its share of {share} and no more; running out of it is told as that."
    return (
        "share",
        False,
        f"a notebook took more than its share of {share}, so several could crowd each other out. Use --jobs 1.",
    )


def again(session: Session) -> Found:
    """Whether a notebook that filled a shared GPU would be run again, alone."""
    try:
        session.insist_on_room()
    except Crowded:
        return "again", True, "a notebook that fills a GPU it shares is run again, alone on it."
    except GraderError as trouble:
        return "again", False, f"a notebook that fills the GPU would not be run again: {trouble}."
    return "again", True, "a notebook that has the GPU alone answers for filling it."


def printed(run: CellRun) -> str:
    return "".join(str(output.get("text", "")) for output in run.outputs)
