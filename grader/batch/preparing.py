"""What a command settles before it grades: rubrics, data, isolation, the secret seed, what is kept of earlier runs."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from grader.batch.kept_rows import earlier_rows, settled, together
from grader.batch.keys import of_data
from grader.batch.shared import Batch
from grader.batch.store import SEED_BITS, Asked, Store
from grader.commands.options import compiled
from grader.course.folder import current_course, lab_slug
from grader.data.folder import data_folder
from grader.data.truths import truths_of
from grader.errors import UsageError
from grader.intake.collect import hand_ins
from grader.judging.examining import insist_on_judges
from grader.model import Submission, TrainPolicy
from grader.sandbox.walls.isolation import best_isolation, insist_on_isolation


def handed_in(
    paths: Sequence[Path], lab: str | None, pattern: str | None, out: Path
) -> tuple[tuple[Submission, ...], str]:
    """What is to be graded, under names that no row in the out folder has for somebody else; what is passed over."""
    found = hand_ins(paths, lab_slug(lab) if lab else None, compiled(pattern))
    return settled(found.submissions, earlier_rows(out)).submissions, "\n".join(found.passed_over)


def batch_for(
    data: Path | None, train: TrainPolicy, seed: int | None, deadline: float | None = None, public_only: bool = False
) -> Batch:
    course, folder = current_course(), data_folder(data)
    insist_on_judges(course)
    return Batch(
        course.labs,
        folder,
        best_isolation(),
        train,
        secrets.randbits(SEED_BITS) if seed is None else seed,
        deadline,
        public_only,
        truths=truths_of(folder),
    )


def asked_before(store: Store, out: Path) -> Asked:
    """Raises UsageError where nothing was graded into this folder, or what was kept has been begun anew."""
    asked = store.asked()
    if asked is None:
        raise UsageError(f"{out} keeps no graded batch. Grade the notebooks with `grader grade` first.")
    return asked


def batch_asked(asked: Asked, seed: int | None, allow_unisolated: bool, equal_training: bool = True) -> Batch:
    """Raises before anything is written where course, data, rubrics or isolation are not as they have to be."""
    title = current_course().title
    if asked.course not in ("", title):
        raise UsageError(
            f"These notebooks were graded for the course {asked.course!r}, and this is {title!r}. "
            "Name the folder of that course by --course."
        )
    batch = batch_for(asked.data, asked.train, seed, asked.deadline)
    insist_on_isolation(batch.isolation, len(asked.submissions), allow_unisolated)
    equal_training = asked.equal_training and equal_training
    return replace(batch, accelerate=asked.accelerate, blind_test=asked.blind_test, equal_training=equal_training)


def resumed(batch: Batch, asked: Asked, store: Store, seed: int | None) -> Batch:
    """The same batch as the store keeps: it asks the same questions, unless another seed is given."""
    asked = replace(asked, course=current_course().title, equal_training=batch.equal_training)
    store.keep_asked(together(store.asked(), asked))
    return replace(batch, seed=store.seed() if seed is None else seed, store=store, data_key=of_data(batch.data))
