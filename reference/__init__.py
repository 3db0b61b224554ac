"""The oracle: readable float64 TensorFlow maths for every lab, its accepted variants and its named mistakes.

A lab's module holds QUESTIONS: name -> function(case) -> {explanation: {output: array}}. A case is a dict of NumPy
arrays and plain numbers. Accepted explanations stand first; the names of mistakes are the slugs of the lab's rubric,
"slug/form" where one mistake has several forms.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from reference.place import OURS, course_folder

Case = Mapping[str, Any]
Answers = dict[str, dict[str, np.ndarray]]
Accuracies = dict[int, dict[str, float]]  # epochs trained -> dev or test -> share of its examples
QuestionTable = dict[str, Callable[[Case], Answers]]

# Labs that can be trained here as their solution notebooks train.
TRAINED = (
    "a1_logistic_regression",
    "lab2_mlp",
    "lab3_rnn",
    "lab4_gru",
    "lab5_attention",
    "a4_word_by_word",
    "lab5b_bert",
)


# Those that are trained from many starts, and the variables they have.
STARTED = {
    "a1_logistic_regression": ("W_cl", "b_cl"),
    "lab2_mlp": ("W0", "b0", "W1", "b1", "W_cl", "b_cl"),
    "lab3_rnn": ("E", "W_rnn", "b_rnn", "W_cl", "b_cl"),
    "lab4_gru": ("E", "W_z", "b_z", "W_r", "b_r", "W_rnn", "b_rnn", "W_cl", "b_cl"),
    "lab5_attention": (
        *(f"{kind}_{gate}_{encoder}" for encoder in "ph" for gate in ("z", "r", "rnn") for kind in "Wb"),
        "W_y", "W_h", "w", "W_combination", "b_combination", "W_cl", "b_cl",
    ),
    "a4_word_by_word": (
        *(f"{kind}_{gate}_{cell}" for cell in "sm" for gate in ("z", "r", "rnn") for kind in "Wb"),
        "W_attn", "W_cl", "b_cl",
    ),
}  # fmt: skip


def answer(lab: str, question: str, case: Case) -> Answers:
    """What every explanation of `lab` answers to `question`; imports TensorFlow with the lab's module."""
    table: QuestionTable = formulas(lab).QUESTIONS
    return table[question](case)


@cache
def formulas(lab: str) -> ModuleType:
    """The lab's module: the course's own where it has one, else that of the grader."""
    own = course_folder() / "reference" / f"{lab}.py"
    if course_folder() == OURS or not own.is_file():
        return importlib.import_module(f"reference.{lab}")
    spec = importlib.util.spec_from_file_location(f"course_{lab}", own)
    assert spec is not None and spec.loader is not None, own
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def warm() -> None:
    """TensorFlow takes seconds to load, and its first operation some more."""
    importlib.import_module("tensorflow").zeros([1])


def fine_tunes(lab: str) -> bool:
    """Whether its model was trained before it is trained."""
    return lab == "lab5b_bert"


def trained(lab: str, settings: Any, folders: Sequence[Path], seed: int, marks: Sequence[int]) -> Accuracies:
    """What one training of `lab` on the data in these folders reaches after each number of epochs in `marks`.

    `settings` are those that the head of the lab's rubric names.
    """
    module = importlib.import_module(f"reference.trainings.{'fine_tuning' if fine_tunes(lab) else 'training'}")
    found: Accuracies = module.course(lab, settings, *folders).run(seed, marks)
    return found


def started(plan: Any, folders: Sequence[Path], seeds: Sequence[int]) -> Any:
    """What the classifier of `plan` reaches from these start values: a `starts.Traces`."""
    return importlib.import_module("reference.trainings.starts").course(plan, len(seeds), *folders).run(seeds)


def other_encoding(lab: str, folders: Sequence[Path], own: Any, padding: int | None, vectors: np.ndarray | None) -> str:
    """Why a notebook's word ids, its counts, or the vectors of its words are not those of the lab, as a clause; empty
    where they are. `vectors`: of a classifier of pairs.
    """
    encodings = importlib.import_module("reference.trainings.encodings")
    if vectors is not None:
        said: str = encodings.difference_of_pairs(*folders, own, vectors)
    elif "E" not in STARTED[lab]:
        said = encodings.difference_of_bags(lab, folders[0], own)
    else:
        said = encodings.difference(folders[0], own, padding)
    return said
