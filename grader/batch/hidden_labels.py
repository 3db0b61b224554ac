"""What a batch keeps from the notebooks it runs: the labels of the test set, on which points depend."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from grader.data.cache import write_whole
from grader.data.folder import DataFolder
from grader.data.packing import content, packed
from grader.data.pairs import blind_pairs, file_of
from grader.data.parts import PACKED, SNLI, TREES, Part
from grader.data.truth import blind_trees
from grader.sandbox.walls.leftovers import claimed_folder

SAID = (
    "The test examples had labels of other examples here, so test figures that your notebook printed mean nothing; "
    "its predictions were compared with the right ones."
)


EXCHANGED = ((TREES, "test.txt", blind_trees), (SNLI, file_of("test"), blind_pairs))


@contextmanager
def labels_hidden(data: DataFolder, seed: int) -> Iterator[DataFolder]:
    """The same data, in which test examples have each other's labels; which has whose follows from the seed."""
    folder, claim = claimed_folder()
    try:
        folder.chmod(0o755)  # kernels run as other users
        hidden, tests = {}, []
        for part, test, exchange in EXCHANGED:
            source = data.parts.get(part.name)
            if source is not None and not part.missing(source):
                hidden[part.name] = copied(part, source, folder / part.name)
                tests.append(folder / part.name / (test if (source / test).is_file() else test + PACKED))
                text = exchange(content(source, test), seed)
                write_whole(tests[-1], packed(text) if tests[-1].suffix == PACKED else text)
        yield replace(data, parts=data.parts | hidden, brief=tuple(tests))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        claim.close()


def copied(part: Part, source: Path, target: Path) -> Path:
    """The files of a part but its test set, packed where they are."""
    target.mkdir(mode=0o755)
    for name in part.files:
        for file in (source / name, source / f"{name}{PACKED}"):
            if "test" not in name and file.is_file():
                shutil.copyfile(file, target / file.name)
    return target
