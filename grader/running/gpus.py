"""Which GPUs of this machine notebooks may use, found through NVIDIA's management library without starting CUDA."""

import importlib.metadata
import os
from collections.abc import Callable, Sequence

import pynvml
from msgspec import Struct

from grader.wording.counting import quantity


class Gpu(Struct, frozen=True):
    uuid: str  # names it whatever else is hidden or numbered otherwise
    name: str
    minor: int  # of /dev/nvidia<minor>
    total: int  # bytes
    free: int  # of them, when we looked


class Found(Struct, frozen=True):
    gpus: tuple[Gpu, ...] = ()
    why_none: str = ""  # a sentence, where there is none


Inventory = Callable[[], Found]


def installed() -> Found:
    """What the driver tells, less what CUDA_VISIBLE_DEVICES hides from us and TensorFlow cannot use."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = nvml()
    gpus = permitted(found.gpus, named)
    if not gpus:
        hidden = f"CUDA_VISIBLE_DEVICES={named} hides {quantity(len(found.gpus), 'GPU')}."
        return Found(why_none=hidden if found.gpus else found.why_none)
    if without_cuda():
        why = f"{gpus[0].name} is there, but the installed tensorflow-cpu uses no GPU; `make install TF=tf-gpu` brings"
        return Found(why_none=f"{why} one that does.")
    return Found(gpus)


def without_cuda() -> bool:
    try:
        importlib.metadata.distribution("tensorflow-cpu")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def nvml() -> Found:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Found(why_none=f"no NVIDIA driver answers ({error}).")
    try:
        found = tuple(seen(pynvml.nvmlDeviceGetHandleByIndex(i)) for i in range(pynvml.nvmlDeviceGetCount()))
    except pynvml.NVMLError as error:
        return Found(why_none=f"the NVIDIA driver could not tell about its GPUs ({error}).")
    finally:
        pynvml.nvmlShutdown()
    return Found(found, "" if found else "the NVIDIA driver knows of no GPU.")


def seen(handle: object) -> Gpu:
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        pynvml.nvmlDeviceGetUUID(handle),
        pynvml.nvmlDeviceGetName(handle),
        pynvml.nvmlDeviceGetMinorNumber(handle),
        memory.total,
        memory.free,
    )


def permitted(gpus: Sequence[Gpu], named: str | None) -> tuple[Gpu, ...]:
    """As CUDA reads CUDA_VISIBLE_DEVICES: numbers or beginnings of UUIDs, up to the first that is none of ours."""
    if named is None:
        return tuple(gpus)
    chosen: list[Gpu] = []
    for name in (part.strip() for part in named.split(",")):
        fitting = [g for i, g in enumerate(gpus) if name and (str(i) == name or g.uuid.startswith(name))]
        if len(fitting) != 1 or fitting[0] in chosen:
            break
        chosen += fitting
    return tuple(chosen)
