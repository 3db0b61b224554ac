"""What the host tells the guest when a kernel starts: one JSON file, read once."""

from pathlib import Path

import msgspec
from msgspec import Struct


class GuestConfig(Struct, frozen=True, forbid_unknown_fields=True):
    connection_file: str  # ipykernel's, with paths as seen from inside
    socket: str  # the question socket; the host listens, the guest connects once
    data: str  # course data folder as seen from inside: trees/ snli/ embeddings/ train2014-subset/
    home: str  # writable working directory
    seed: int
    train_policy: str  # full | budget | none
    train_epochs: int
    train_seconds: float
    modules: tuple[str, ...] = ("tensorflow",)  # imported before the submission arrives


def read_config(path: str) -> GuestConfig:
    return msgspec.json.decode(Path(path).read_bytes(), type=GuestConfig)
