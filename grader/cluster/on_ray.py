"""`--executor ray`: where a job runs is decided by Ray; what it does is decided elsewhere.

On each node of the cluster a worker is started, which takes as many of the node's cores as it grades notebooks at a
time, and of its GPUs the shares on which they run. Ray carries bytes, and never sees a notebook's answers unpacked.
"""

import logging
import math
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from grader.batch.shared import Batch
from grader.batch.store import packed, unpacked
from grader.cluster import parcels
from grader.cluster.fleet import Failed, Fleet, Lost, Place, graded_by
from grader.cluster.messages import Call, Offer, Orders
from grader.cluster.worker import Worker, offer, version
from grader.course.folder import current_course
from grader.data.folder import asks_for_vectors, code_of, with_vectors
from grader.data.parts import EMBEDDINGS
from grader.errors import UsageError
from grader.model import Isolation, Report, Submission
from grader.pipeline import ToldOf, share_of_gpu
from grader.running.gpus import Found
from grader.wording.counting import quantity
from reference.place import OURS

ANSWER_WITHIN = 120.0  # seconds for a node to say what it can do: its first process has to start
READY_WITHIN = 900.0  # for a worker, which has the data to unpack, and its TensorFlow to load
MISSING = (
    "--executor ray needs Ray, which is not installed here. Install it, here and on every node of the cluster, with "
    "`pip install 'grader[ray]'`, or leave the option out to grade on this machine."
)
UNREACHED = "The Ray cluster {} cannot be joined ({}). Start one with `ray start --head`, and name it by RAY_ADDRESS."
NO_JAIL = (
    "--executor ray runs no notebook without a jail, since one could give orders to the whole cluster. Install "
    "bubblewrap (`grader doctor` says what is missing), or grade on one machine with --executor local."
)

Say = Callable[[str], None]


class Node(Struct, frozen=True):
    """As Ray tells of it."""

    id: str
    name: str
    cpus: int
    gpus: int


class Load(Struct, frozen=True):
    """What a batch sends to nodes: parcels by their names, and which of them is what."""

    course: str
    data: dict[str, str]
    contents: dict[str, bytes]


def connected() -> Any:
    """Ray, joined to the cluster of $RAY_ADDRESS, else to the one of this machine, else to one of our own.

    Raises UsageError where that cannot be.
    """
    try:
        import ray  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as missing:
        raise UsageError(MISSING) from missing
    insist_on_answer(os.environ.get("RAY_ADDRESS", ""))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told that we grade
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, include_dashboard=None, ignore_reinit_error=True)
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = os.environ.get("RAY_ADDRESS") or "of this machine"
        raise UsageError(UNREACHED.format(where, " ".join(str(error).split())[:200])) from error
    return ray


def insist_on_answer(address: str) -> None:
    """Ray itself tries for minutes. Raises UsageError."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except (OSError, OverflowError) as error:
            raise UsageError(UNREACHED.format(address, error)) from error


class Cluster(Struct, frozen=True):
    """One that can grade a batch: which nodes, and what they are to be sent."""

    ray: Any
    load: Load
    fit: tuple[tuple[Node, Offer], ...]
    gpu_memory: int

    def __call__(
        self, submissions: Sequence[Submission], batch: Batch, jobs: int | None, told: ToldOf, say: Say
    ) -> Iterator[Report]:
        """Reports as they are done."""
        kinds = tuple({gpu.name: gpu for _, made in self.fit for gpu in made.gpus}.values())
        start = partial(started, self.ray, orders_of(batch, self.load, kinds, self.gpu_memory))
        sent = {name: self.ray.put(content) for name, content in self.load.contents.items()}
        places = [Place(node.name, made.places, partial(start, sent, node, made)) for node, made in self.fit]
        size = sum(place.size for place in places)
        say(f"{quantity(len(submissions), 'notebook')}, {size} at a time on {quantity(len(places), 'node')}.")
        here = replace(batch, inventory=lambda: Found(kinds))
        with ExitStack() as ending:
            # Ray prints the last words of a lost node, until it is shut down: they would stand before results.json.
            ending.enter_context(redirect_stdout(ending.enter_context(open(os.devnull, "w"))))
            ending.callback(self.ray.shutdown)
            fleet = Fleet(places, say)
            ending.callback(fleet.end)
            yield from graded_by(fleet, size, submissions, here, told)


def joined(submissions: Sequence[Submission], batch: Batch, jobs: int | None, say: Say) -> Cluster:
    """Raises UsageError where no cluster is to be had, or none of its nodes can grade this batch."""
    if batch.isolation is Isolation.NONE:
        raise UsageError(NO_JAIL)
    ray, load, gpu_memory = connected(), loaded(submissions, batch), share_of_gpu(submissions, batch)
    call = partial(Call, version(), batch.isolation, tuple(load.contents), gpu_memory, jobs)
    offers = offered(ray, nodes(ray), call)
    unfit = [f"{node.name} is not used: {made.unfit}." for node, made in offers if made.unfit]
    fit = tuple((node, made) for node, made in offers if not made.unfit)
    if not fit:
        raise UsageError(f"No node of the Ray cluster can grade this batch. {' '.join(unfit) or 'It lends no core.'}")
    say("\n".join(unfit))
    return Cluster(ray, load, fit, gpu_memory)


def nodes(ray: Any) -> list[Node]:
    living = [told for told in ray.nodes() if told["Alive"]]
    return [
        Node(
            told["NodeID"],
            f"node {told['NodeID'][:6]} at {told['NodeManagerAddress']}",
            int(told["Resources"].get("CPU", 0)),
            int(told["Resources"].get("GPU", 0)),
        )
        for told in living
        if told["Resources"].get("CPU", 0) >= 1
    ]


def loaded(submissions: Sequence[Submission], batch: Batch) -> Load:
    """Word vectors, which are large and made when they are first asked for, only where one of these asks."""
    course, data = current_course(), batch.data
    labs = {submission.lab for submission in submissions}
    asks = any(EMBEDDINGS.name in rubric.head.data for lab, rubric in batch.rubrics.items() if lab in labs)
    asks = asks or any(asks_for_vectors(code_of(submission.cells)) for submission in submissions)
    parts = with_vectors(data) if asks else dict(data.parts)
    if data.vectors is not None and not asks:
        parts.pop(EMBEDDINGS.name, None)
    packed_parts = {name: parcels.of_data(part) for name, part in parts.items()}
    own = None if course.folder == OURS else parcels.of_course(course)
    every = [*packed_parts.values(), *([own] if own else [])]
    return Load(
        own.name if own else "",
        {name: parcel.name for name, parcel in packed_parts.items()},
        {parcel.name: parcel.content for parcel in every},
    )


def orders_of(batch: Batch, load: Load, kinds: tuple[Any, ...], gpu_memory: int) -> Orders:
    return Orders(
        course=load.course, data=load.data, toy=batch.data.toy, description=batch.data.description,
        data_key=batch.data_key, isolation=batch.isolation, train=batch.train, seed=batch.seed,
        deadline=batch.deadline, accelerate=batch.accelerate, blind_test=batch.blind_test,
        equal_training=batch.equal_training, memory=batch.memory, kinds=kinds, gpu_memory=gpu_memory,
    )  # fmt: skip


def on(ray: Any, node: Node) -> Any:
    return ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node.id, soft=False)


def offered(ray: Any, there: Sequence[Node], call: Callable[[int, int], Call]) -> list[tuple[Node, Offer]]:
    """All are asked at once; one that fails or stays silent is unfit."""
    asking = ray.remote(num_cpus=0, max_retries=1)(offer)
    waiting = [
        asking.options(scheduling_strategy=on(ray, node)).remote(packed(call(node.cpus, node.gpus))) for node in there
    ]
    if waiting:
        ray.wait(waiting, num_returns=len(waiting), timeout=ANSWER_WITHIN)
    return [(node, heard(ray, answer)) for node, answer in zip(there, waiting, strict=True)]


def heard(ray: Any, answer: Any) -> Offer:
    try:
        return unpacked(ray.get(answer, timeout=0), Offer)
    except ray.exceptions.GetTimeoutError:
        return Offer(f"it has not answered within {ANSWER_WITHIN:g} s")
    except ray.exceptions.RayError as error:
        return Offer(f"it could not be asked ({last_line(error)}); is the grader installed there?")


def resources(made: Offer) -> dict[str, float]:
    """What a worker takes of its node: a core for each place, and the GPUs' shares. Ray lends several GPUs whole."""
    gpus = round(made.places * made.share, 4)
    return {"num_cpus": made.places, "num_gpus": gpus if gpus <= 1 else math.ceil(gpus)}


def started(ray: Any, orders: Orders, sent: Mapping[str, Any], node: Node, made: Offer) -> "OnNode":
    """A worker that is ready. Raises Lost."""
    lend = resources(made) | {"max_concurrency": made.places, "scheduling_strategy": on(ray, node)}
    own = replace(orders, places=made.places)
    try:
        brought = {name: ray.get(sent[name]) for name in made.lacks}
        actor = ray.remote(Worker).options(**lend).remote(packed(own), brought)
        worker = OnNode(ray, actor)
        ray.get(actor.ready.remote(), timeout=READY_WITHIN)
    except ray.exceptions.RayError as error:
        raise Lost(last_line(error)) from error
    return worker


class OnNode:
    """A worker from afar."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    def grade(self, errand: bytes) -> bytes:
        try:
            done: bytes = self._ray.get(self._actor.grade.remote(errand))
        except self._ray.exceptions.RayTaskError as error:
            raise Failed(last_line(error)) from error
        except self._ray.exceptions.RayError as error:
            raise Lost(last_line(error)) from error
        return done

    def end(self) -> None:
        self._ray.kill(self._actor, no_restart=True)


def last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1][:120] if lines else ''}"
