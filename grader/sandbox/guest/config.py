"""What the host tells the guest when a kernel starts: one JSON file, read once; and the notes the guest leaves."""

from pathlib import Path

import msgspec
from msgspec import Struct


class GuestConfig(Struct, frozen=True, forbid_unknown_fields=True):
    connection_file: str  # ipykernel's, with paths as seen from inside
    socket: int  # descriptor of the question socket, connected already: under Landlock the guest could not
    data: str  # course data folder as seen from inside: trees/ snli/ embeddings/ train2014-subset/
    home: str  # writable working directory
    seed: int
    train_policy: str  # full | budget | none
    train_epochs: int
    train_seconds: float
    accelerate: bool = True  # methods shown to be the same as a graph train as one
    notes: str = ""  # file of Note lines; "" keeps none
    output: int = 2 * 1024**2  # bytes a cell may print
    files: dict[str, str] = {}  # handed in beside the notebook: name and content
    forms: bool = False  # other forms of the notebook may be asked for: it is a model answer of ours
    gpu_memory: int = 0  # bytes TensorFlow may take of the one GPU there is; 0 where there is none


class Note(Struct, frozen=True, forbid_unknown_fields=True):
    """One JSON line of the notes file: something answered in Colab's place, or where a cell failed."""

    change: str = ""
    during: int | None = None  # index of the cell that ran
    kind: str = ""  # from here on as in wire.Trouble
    message: str = ""
    cell: int | None = None
    line: int | None = None
    text: str | None = None
    excuse: str = ""  # a word of excuses.py: that it was bound to fail here


def read_config(path: str) -> GuestConfig:
    return msgspec.json.decode(Path(path).read_bytes(), type=GuestConfig)
