"""What a notebook is in which nothing of its work was found: written with other tools, or another piece of work."""

import ast
from collections.abc import Iterator, Sequence

from grader.course.folder import current_course
from grader.course.rubric import Rubric
from grader.intake.recognise import recognise, speaks_for
from grader.judging.meeting.source import trees
from grader.model import Cell
from grader.scoring.as_handed_out import ready_made

TOOLS = {
    "torch": "PyTorch",
    "torchtext": "PyTorch",
    "lightning": "PyTorch Lightning",
    "pytorch_lightning": "PyTorch Lightning",
    "fastai": "fastai",
    "jax": "JAX",
    "flax": "Flax",
    "mxnet": "MXNet",
    "paddle": "PaddlePaddle",
    "gensim": "gensim",
    "fasttext": "fastText",
    "spacy": "spaCy",
    "sklearn.linear_model": "scikit-learn",
    "sklearn.neural_network": "scikit-learn",
    "sklearn.naive_bayes": "scikit-learn",
    "sklearn.svm": "scikit-learn",
}


def other_work(cells: Sequence[Cell], rubric: Rubric) -> str:
    """A sentence; empty where the notebook is about this work and uses no tool that takes its place."""
    if tool := other_tool(cells, rubric):
        return tool
    if speaks_for(cells, rubric.lab):
        return ""
    other = recognise(cells, ()).lab
    if other is not None and other != rubric.lab:
        title = current_course().labs[other].title
        return f"By its content the notebook looks like {title}, not like {rubric.title}."
    return f"Nothing in the notebook points to {rubric.title}: it looks like a different project."


def other_tool(cells: Sequence[Cell], rubric: Rubric) -> str:
    for module, names in imported(cells):
        tool = next((TOOLS[known] for known in TOOLS if f"{module}.".startswith(f"{known}.")), None)
        if tool and used(cells, names):
            return (
                f"The notebook works with {tool} (`{module}`), which is not what {rubric.title} asks for; "
                "what was asked for could not be found, or did not run."
            )
    return ""


def beside_the_handout(cells: Sequence[Cell], rubric: Rubric) -> str:
    """The same of a notebook whose class is as it was handed out: then a model of Keras stands in its place, too."""
    layer = ready_made(cells) if rubric.head.begun_by else ""
    if tool := other_tool(cells, rubric):
        return tool
    return layer and (
        f"The notebook makes layers that Keras has ready (`{layer}`), and nothing that works of the equations that "
        "were yours to write was found."
    )


def imported(cells: Sequence[Cell]) -> Iterator[tuple[str, set[str]]]:
    """Modules, and the names that the notebook has from each."""
    for _, tree in trees(cells):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((a.name, {a.asname or a.name.split(".", maxsplit=1)[0]}) for a in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module, {a.asname or a.name for a in node.names}


def used(cells: Sequence[Cell], names: set[str]) -> bool:
    nodes = (node for _, tree in trees(cells) for node in ast.walk(tree))
    return any(isinstance(node, ast.Name) and node.id in names for node in nodes)
