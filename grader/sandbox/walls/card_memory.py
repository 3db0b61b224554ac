"""Whether it was the memory of a GPU that ran out, by what TensorFlow and CUDA say then."""

import re

from msgspec.structs import replace

from grader.errors import Crowded, OurFault
from grader.model import CellRun, CellStatus, Device, Observation
from grader.sandbox.guest.wire import Trouble, Watched

TAKEN = 1024**3  # bytes; what the driver keeps for itself is less
SAYS = re.compile(
    r"CUDA_ERROR_OUT_OF_MEMORY|GPU_\d+_bfc|Dst tensor is not initialized"
    r"|CU(BLAS|DNN|SOLVER|FFT)_STATUS_(ALLOC_FAILED|NOT_INITIALIZED)|[Cc]ould not create cu\w+ handle"
    r"|failed to allocate .* from device|out of (GPU|device) memory",
)


def ran_out(trouble: Trouble | None) -> bool:
    """Asked of a kernel that has a GPU: there TensorFlow's own error speaks of it, unless it names the CPU."""
    if trouble is None:
        return False
    on_cpu = "device:CPU" in trouble.message
    return bool(SAYS.search(trouble.message)) or (trouble.kind == "ResourceExhaustedError" and not on_cpu)


def ran_out_while_asked(observation: Observation) -> bool:
    watched = [value.trouble for value in observation.values.values() if isinstance(value, Watched)]
    return any(ran_out(trouble) for trouble in (observation.trouble, *watched))


def told_of(run: CellRun, last_words: str) -> CellRun:
    """The same, out of memory where it was the GPU's. `last_words`: of a kernel that died, as CUDA lets it at times."""
    if run.status is CellStatus.DIED and (said := SAYS.search(last_words)):
        run = replace(run, trouble=Trouble("ResourceExhaustedError", said.group()))
    return replace(run, status=CellStatus.OUT_OF_MEMORY) if ran_out(run.trouble) else run


def insist_on_room(device: Device) -> None:
    """Raises where a notebook that ran out of memory need not answer for it."""
    if not device.alone:
        raise Crowded(f"the memory of {device.name} ran out while notebooks shared it")
    if device.elsewhere > TAKEN:
        held = f"{device.elsewhere / 1024**3:.1f} GB"
        raise OurFault(
            f"the memory of {device.name} ran out while other programs held {held} of it; "
            "end these, or hide that GPU by CUDA_VISIBLE_DEVICES"
        )


def sentence(where: str, device: Device) -> str:
    had = f"the {device.memory / 1024**3:.1f} GB of GPU memory it had here"
    return f"{where} needed more than {had} ({device.name}, with no other notebook on it); its own code took them."
