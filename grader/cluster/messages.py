"""What travels between the head of a cluster and its nodes; packed by us, so that Ray itself carries only bytes."""

from msgspec import Struct

from grader.batch.store import Rows
from grader.model import Isolation, Report, Submission, TrainPolicy
from grader.running.gpus import Gpu


class Call(Struct, frozen=True):
    """Asks a node what it can do for this batch."""

    version: str  # of the grader and of what it computes with
    isolation: Isolation
    parcels: tuple[str, ...]  # folders that the batch needs
    gpu_memory: int  # bytes of a GPU for each notebook
    jobs: int | None  # notebooks at a time, where that was said
    cpus: int  # of the node, as the cluster counts them
    gpus: int


class Offer(Struct, frozen=True):
    """What it answers; `unfit` is a sentence where it can do nothing."""

    unfit: str = ""
    places: int = 0
    share: float = 0.0  # of a GPU for each place
    gpus: tuple[Gpu, ...] = ()
    lacks: tuple[str, ...] = ()  # parcels that were never unpacked there


class Orders(Struct, frozen=True):
    """A batch, for a node that has the parcels."""

    course: str  # its parcel; empty for the one that comes with the grader
    data: dict[str, str]  # parts of the data and their parcels
    toy: tuple[str, ...]
    description: str  # of the data
    data_key: str
    isolation: Isolation
    train: TrainPolicy
    seed: int
    deadline: float | None
    accelerate: bool
    blind_test: bool
    equal_training: bool
    memory: int
    kinds: tuple[Gpu, ...]  # GPUs of the whole cluster, on which keys depend
    gpu_memory: int
    places: int = 1


class Errand(Struct, frozen=True):
    submission: Submission
    rows: Rows  # what it answered before


class Done(Struct, frozen=True):
    report: Report
    rows: Rows  # what is to be kept of it
