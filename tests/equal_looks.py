"""What a grading would train outside of an edited model answer, by which plan, and what it reaches by itself."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.calibration.plan import Plan
from grader.course.folder import current_course
from grader.data.folder import data_folder, shown, with_vectors
from grader.data.truths import truths_of
from grader.judging import checks
from grader.judging.equal.accuracy import ONE_CLASS
from grader.judging.equal.shown import shown as training_shown
from grader.judging.equal.understood import NotShown, OneClass
from grader.judging.examiner import Examiner
from grader.judging.examining import outcome_checks
from grader.judging.oracle import Oracle
from grader.judging.trainer import Trainer
from grader.model import Cell, Limits, TrainBudget, TrainPolicy
from grader.pipeline import outside
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from reference.notebooks import Edit, edited
from tests.kept_sessions import open_session

Look = Callable[..., Plan | str]
TRAINED = 8  # trainings whose mean is compared


@contextmanager
def looking(lab: str, oracle: Oracle) -> Iterator[Look]:
    """Of edits of the lab's solution: the plan by which it is trained outside, or why it is not."""
    with pytest.MonkeyPatch.context() as patch, Trainer() as trainer:
        patch.delenv("GRADER_DATA", raising=False)
        data, head = data_folder(None), current_course().labs[lab].head
        with_vectors(data)
        truths = truths_of(data)
        outcome_checks(lab, head)

        def looked(*edits: tuple[str, str]) -> Plan | str:
            notebook = edited(lab, [Edit(*edit) for edit in edits])
            cells = tuple(Cell(i, "code", c.source) for i, c in enumerate(notebook.cells) if c.cell_type == "code")
            budget, parts = TrainBudget(TrainPolicy.NONE), shown(data, cells, lambda what: None)
            setting = Setting(slot=7, data=parts, limits=Limits(), budget=budget, seed=1, isolation=best_isolation())
            with open_session(setting) as session:
                run = session.run(cells)
                x = Examiner(
                    lab, cells, run, session.ask, oracle, 5, budget, truths[lab], None, data.parts, head,
                    outside=outside(trainer, data, truths, lab),
                )  # fmt: skip
                understood = checks.UNDERSTOOD[lab](checks.INTERVIEWS[lab](x))
                if understood is None:
                    return "not understood"
                try:
                    return training_shown(x, understood)
                except OneClass:
                    return ONE_CLASS
                except NotShown as why:
                    return str(why)

        yield looked


def by_itself(sources: Sequence[str], data: dict[str, Path]) -> list[float]:
    """The accuracies on test at the epoch that is best on dev, as a notebook prints them that trains in its last cell.

    It is made to show those on test as those on train.
    """
    cells = tuple(Cell(i, "code", source) for i, source in enumerate(sources))
    limits = Limits(submission=3600.0, cell=3600.0)
    setting = Setting(
        slot=5, data=data, limits=limits, budget=TrainBudget(TrainPolicy.FULL), seed=1, isolation=best_isolation()
    )
    with open_session(setting) as session:
        run = session.run(cells)
    text = "".join(output.get("text", "") for cell in run.cells for output in cell.outputs)
    ends = []
    for part in text.split("Seed ")[1:]:
        found = re.findall(r"Dev acc: ([\d.]+) Train acc: ([\d.]+)", part)
        ends.append(float(max(found, key=lambda pair: float(pair[0]))[1]))
    assert len(ends) == TRAINED, text[-2000:]
    return ends
