"""Which labels the predictions of which lab are held against."""

import hashlib

from msgspec.structs import replace

from grader.course.folder import current_course
from grader.course.head import Labels
from grader.data.folder import DataFolder
from grader.data.pairs import BEGINNING, pairs_truth
from grader.data.parts import BERT
from grader.data.truth import Truth, trees_truth

WEIGHTS = (".safetensors", ".h5", ".bin")
TRUTHS = {Labels.SENTIMENT: trees_truth, Labels.INFERENCE: pairs_truth}


def truths_of(folder: DataFolder) -> dict[str, Truth]:
    """By lab. Labs whose data are not there, or that predict nothing, have none."""
    heads = {lab: rubric.head for lab, rubric in current_course().labs.items()}
    asked = {head.labels for head in heads.values() if head.labels}
    found = {labels: TRUTHS[labels](folder) for labels in asked}
    truths = {lab: truth for lab, head in heads.items() if head.labels and (truth := found[head.labels])}
    return {lab: begun_with(heads[lab].data, truth, folder) for lab, truth in truths.items()}


def begun_with(data: tuple[str, ...], truth: Truth, folder: DataFolder) -> Truth:
    """Labels for a lab that fine-tunes go with the checkpoint it begins with."""
    return replace(truth, digest=with_checkpoint(truth.digest, folder)) if BERT.name in data else truth


def with_checkpoint(digest: str, folder: DataFolder) -> str:
    """How far a right answer comes is decided by what it begins with, too; the beginning of large weights will do."""
    place = folder.parts.get(BERT.name)
    told = hashlib.sha256(digest.encode())
    for file in sorted(place.iterdir()) if place is not None and place.is_dir() else ():
        if file.name in BERT.files or file.suffix in WEIGHTS:
            with file.open("rb") as content:
                told.update(f"{file.name} {file.stat().st_size}\n".encode() + content.read(BEGINNING))
    return told.hexdigest()
