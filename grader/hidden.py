"""What a batch keeps from the notebooks it runs: the labels of the test set, on which points depend."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from grader.data.cache import kept
from grader.data.folder import DataFolder
from grader.data.parts import TREES
from grader.data.truth import blind_trees
from grader.sandbox.leftovers import claimed_folder

SAID = (
    "The test sentences had labels of other sentences here, so test figures that your notebook printed mean nothing; "
    "its predictions were compared with the right ones."
)


@contextmanager
def labels_hidden(data: DataFolder, seed: int) -> Iterator[DataFolder]:
    """The same data, in which test sentences have each other's labels; which has whose follows from the seed."""
    if TREES.name not in data.parts:
        yield data
        return
    folder, claim = claimed_folder()
    try:
        folder.chmod(0o755)  # kernels run as other users
        trees = kept(folder / TREES.name, blind_trees(data.parts[TREES.name], seed))
        trees.chmod(0o755)
        yield replace(data, parts=data.parts | {TREES.name: trees})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        claim.close()
