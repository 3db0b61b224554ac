"""How many notebooks run at a time and on what: on shares of GPUs where there are any, else on the cores."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest

import psutil
from msgspec import Struct
from msgspec.structs import replace

from grader.model import Device, Limits
from grader.running.gpus import Found, Gpu, Inventory

# What a process takes of a GPU beside TensorFlow's tensors: CUDA's context and its libraries. An estimate: no GPU was
# at hand to measure it.
CONTEXT = 768 * 1024**2
LEAST = 1024**3  # a smaller share is none


class Slot(Struct, frozen=True):
    """A place for one notebook at a time; the number gives it a user id of its own."""

    number: int
    device: Device | None = None  # None: the CPU


def slots(found: Found, memory: int, jobs: int | None = None) -> tuple[Slot, ...]:
    """Shares of `memory` bytes of each GPU; without one of them, the cores. `jobs`: at most, else what we carry."""
    count = jobs or carried()
    shares = in_turn([shares_of(gpu, memory) for gpu in found.gpus])
    if not shares:
        return tuple(Slot(number) for number in range(count))
    return tuple(Slot(number, device) for number, device in enumerate(shares[:count]))


def carried() -> int:
    """A notebook keeps a core busy, and may take as much memory as its limit says."""
    return max(1, min(os.cpu_count() or 1, psutil.virtual_memory().total // Limits().memory))


def shares_of(gpu: Gpu, memory: int) -> list[Device]:
    count = max(gpu.free // (max(memory, LEAST) + CONTEXT), 1)
    share = gpu.free // count - CONTEXT
    return [Device(gpu.uuid, gpu.name, gpu.minor, share)] * count if share >= LEAST else []


def in_turn(shares: Sequence[list[Device]]) -> list[Device]:
    """The first of each GPU, then the second, so that few jobs spread over all."""
    return [share for row in zip_longest(*shares) for share in row if share is not None]


def at_a_time(places: Sequence[Slot]) -> str:
    names = dict.fromkeys(slot.device.uuid for slot in places if slot.device)
    gpus = f"on {'a GPU' if len(names) == 1 else f'{len(names)} GPUs'}" if names else "on the CPU"
    return f"{len(places)} at a time {gpus}"


class Slots:
    """Lends slots, and whole GPUs: who asks for one waits until its other slots are back, and nobody gets a new one."""

    def __init__(self, places: Sequence[Slot], inventory: Inventory) -> None:
        self._places = tuple(places)
        self._inventory = inventory
        self._free = list(places)
        self._claimed: set[str] = set()  # UUIDs of GPUs that one notebook has or waits to have alone
        self._changed = threading.Condition()

    @contextmanager
    def lent(self) -> Iterator[Slot]:
        with self._changed:
            slot = self._changed.wait_for(self._next)
            assert slot is not None
            self._free.remove(slot)
        try:
            yield slot
        finally:
            with self._changed:
                self._free.append(slot)
                self._changed.notify_all()

    @contextmanager
    def alone(self, before: Slot) -> Iterator[Slot]:
        """A slot with all of its GPU that other programs leave; to be asked for once `before` is given back."""
        assert before.device is not None
        uuid = before.device.uuid
        neighbours = [slot for slot in self._places if slot.device and slot.device.uuid == uuid]
        with self._changed:
            self._changed.wait_for(lambda: uuid not in self._claimed)
            self._claimed.add(uuid)
            self._changed.wait_for(lambda: all(slot in self._free for slot in neighbours))
        try:
            yield self._whole(before.number, before.device)
        finally:
            with self._changed:
                self._claimed.remove(uuid)
                self._changed.notify_all()

    def _next(self) -> Slot | None:
        return next((s for s in self._free if s.device is None or s.device.uuid not in self._claimed), None)

    def _whole(self, number: int, share: Device) -> Slot:
        """As free as it is now; the share as it was where the driver no longer tells."""
        for gpu in self._inventory().gpus:
            if gpu.uuid == share.uuid:
                memory = max(gpu.free - CONTEXT, LEAST)
                return Slot(number, Device(gpu.uuid, gpu.name, gpu.minor, memory, True, gpu.total - gpu.free))
        return Slot(number, replace(share, alone=True))
