"""What happens on a node: it says what it can do, and grades what it is sent, as a command there would.

Nothing of it is kept on the node but the parcels: rows travel home with the report.
"""

import os
import threading
from contextlib import ExitStack
from functools import cache
from typing import Any

from msgspec.structs import replace

from grader.batch import keys
from grader.batch.shared import Batch
from grader.batch.store import packed, passing, unpacked
from grader.cluster import parcels
from grader.cluster.messages import Call, Done, Errand, Offer, Orders
from grader.cluster.parcels import Parcel
from grader.course.folder import FILE, current_course
from grader.data.folder import DataFolder
from grader.data.truths import truths_of
from grader.judging.oracle import Oracle
from grader.pipeline import in_a_slot, prepared
from grader.running.gpus import Found, installed, nvml, without_cuda
from grader.running.slots import Slots, carried, shares_of, slots
from grader.sandbox.walls.isolation import best_isolation, why_unisolated
from reference.place import OURS, VARIABLE

MOST = 64  # places, as --jobs has it: slots beyond have user ids that model answers take


@cache
def version() -> str:
    """Of all by which keys of results differ from one installation to the next."""
    ours = keys.of_code((OURS / FILE, OURS / "rubrics", OURS / "reference"))
    return keys.digest(keys.of_code(keys.RUNS_BY), keys.of_code(keys.JUDGES_BY), ours, *keys.ENVIRONMENT)


def offer(asked: bytes) -> bytes:
    return packed(offered(unpacked(asked, Call)))


def offered(asked: Call) -> Offer:
    if version() != asked.version:
        return Offer("another version of the grader, of Python or of TensorFlow is installed there; install the same")
    if (isolation := best_isolation()) is not asked.isolation:
        return Offer(f"notebooks are kept apart by {isolation} there, by {asked.isolation} here ({why_unisolated()})")
    found = nvml() if asked.gpus and not without_cuda() else Found()
    places = slots(found, asked.gpu_memory, min(asked.cpus, asked.jobs or carried(), MOST))
    on_a_gpu = len(shares_of(found.gpus[0], asked.gpu_memory)) if found.gpus and places[0].device else 0
    lacks = tuple(name for name in asked.parcels if not parcels.place(name).is_dir())
    return Offer("", len(places), 1 / on_a_gpu if on_a_gpu else 0.0, found.gpus, lacks)


class Worker:
    """All that one node does for a batch, in a process of its own; `grade` is called by as many threads as places."""

    def __init__(self, orders: bytes, brought: dict[str, bytes]) -> None:
        for name, content in brought.items():
            parcels.unpacked(Parcel(name, content))
        asked = unpacked(orders, Orders)
        if asked.course:
            os.environ[VARIABLE] = str(parcels.place(asked.course))
        self._ending = ExitStack()
        self._models = self._ending.enter_context(passing())  # what model answers reply
        self._taking = threading.Lock()
        self._oracle = self._ending.enter_context(Oracle())
        self._batch = self._ending.enter_context(prepared(replace(batch_of(asked), store=self._models)))
        self._lender = Slots(slots(installed(), asked.gpu_memory, asked.places), installed)

    def ready(self) -> bool:
        return True

    def grade(self, errand: bytes) -> bytes:
        asked = unpacked(errand, Errand)
        with passing() as store:
            store.add(asked.rows)
            batch = replace(self._batch, store=store)
            report = in_a_slot(asked.submission, batch, self._oracle, self._lender, lambda what: None)
            rows = store.rows()
        return packed(Done(report, {**rows, "answers": rows["answers"] + self._of_models()}))

    def _of_models(self) -> list[tuple[Any, ...]]:
        """What they have replied since it was last asked: other batches of this folder need not ask again.

        What is added between the two lines stays here: the head asks it once more, if ever.
        """
        with self._taking:
            rows = self._models.rows()["answers"]
            self._models.forget()
        return rows


def batch_of(orders: Orders) -> Batch:
    data = DataFolder(
        {name: parcels.place(parcel) for name, parcel in orders.data.items()}, orders.toy, orders.description
    )
    kinds = Found(orders.kinds)
    return Batch(
        rubrics=current_course().labs, data=data, isolation=orders.isolation, train=orders.train, seed=orders.seed,
        deadline=orders.deadline, accelerate=orders.accelerate, blind_test=orders.blind_test,
        equal_training=orders.equal_training, truths=truths_of(data), inventory=lambda: kinds,
        data_key=orders.data_key, memory=orders.memory,
    )  # fmt: skip
