"""Nobody who did something else is told that nothing was begun: what a notebook is, and what as handed out means."""

import ast
import json
from pathlib import Path

import pytest
from sample_reports import check

from grader.course.folder import load_rubric
from grader.judging.kinds.captioning.checks import not_begun as captioner_not_begun
from grader.judging.kinds.captioning.interview import Evidence as Captioner
from grader.judging.kinds.embeddings.own import works_with_vectors
from grader.judging.kinds.embeddings.vocabulary import Holders
from grader.judging.kinds.fine_tuning.asking import Pairs
from grader.judging.kinds.fine_tuning.checks import not_begun as bert_not_begun
from grader.judging.kinds.fine_tuning.interview import Evidence as FineTuned
from grader.judging.kinds.language_model.checks import not_begun as language_model_not_begun
from grader.judging.kinds.language_model.interview import Evidence as LanguageModel
from grader.judging.kinds.recurrent.checks import rnn_not_begun
from grader.judging.kinds.recurrent.interview import ASSIGNED
from grader.judging.kinds.recurrent.interview import Evidence as Recurrent
from grader.judging.meeting.source import idle
from grader.model import Cell, Isolation, Level, Outcome, Run, Scorecard, Verdict
from grader.scoring.other_work import other_work
from grader.scoring.summary import summary
from grader.scoring.summing_up import nothing_found

ASSIGNMENTS = Path(__file__).parents[1] / "assignments"
NOTHING_HELD = Holders(0, 50, {}, (), (), {}, (), (), {})
TORCH = "import torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    pass"


def code(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell(i, "code", source) for i, source in enumerate(sources))


def handed_out(lab: str) -> tuple[Cell, ...]:
    cells = json.loads((ASSIGNMENTS / f"{lab}.ipynb").read_text(encoding="utf-8"))["cells"]
    return tuple(Cell(i, cell["cell_type"], "".join(cell["source"])) for i, cell in enumerate(cells))


@pytest.mark.parametrize(
    ("source", "tool"),
    [
        (TORCH, "PyTorch (`torch`)"),
        ("import gensim.downloader as api\nglove = api.load('glove')\nglove.most_similar('x')", "gensim"),
        ("from sklearn.linear_model import LogisticRegression as LR\nLR().fit(X, y)", "scikit-learn"),
        ("import jax.numpy as jnp\nf = lambda x: jnp.exp(x)", "JAX"),
    ],
)
def test_another_library_is_called_by_its_name(source: str, tool: str) -> None:
    assert tool in other_work((*handed_out("lab2_mlp"), *code(source)), load_rubric("lab2_mlp"))


def test_a_library_that_is_only_imported_or_only_draws_the_map_is_no_other_work() -> None:
    assert other_work((*handed_out("a2_embeddings"), *code("import torch")), load_rubric("a2_embeddings")) == ""
    assert all(other_work(handed_out(path.stem), load_rubric(path.stem)) == "" for path in ASSIGNMENTS.glob("*.ipynb"))


def test_another_project_and_another_lab_are_said_to_be_that() -> None:
    mine = code("import pandas as pd\nhouses = pd.read_csv('houses.csv')", "houses.describe()")
    assert "a different project" in other_work(mine, load_rubric("lab4_gru"))
    assert "looks like Lab1: Warming Up, not like Lab6" in other_work(
        handed_out("lab1_warmup"), load_rubric("lab6_captioning")
    )


def test_what_it_is_comes_before_what_stopped_and_only_where_nothing_was_right() -> None:
    run = Run(Outcome.FAILED_CELLS, Isolation.NONE, fault="A cell failed.")
    wrong, right = (check("trains", Level.RUNS, v, 0.0) for v in (Verdict.FAIL, Verdict.PASS))
    assert summary(Outcome.FAILED_CELLS, run, Scorecard((wrong,), 0, 3), "It is PyTorch.") == "It is PyTorch."
    assert summary(Outcome.FAILED_CELLS, run, Scorecard((wrong,), 0, 3)) == "A cell failed."
    assert nothing_found(Outcome.OK, Scorecard((wrong,), 0, 3))
    assert not nothing_found(Outcome.OK, Scorecard((right, wrong), 0, 3))
    assert not nothing_found(Outcome.OK, Scorecard((wrong,), 1, 3))
    assert not nothing_found(Outcome.UNATTEMPTED, Scorecard((wrong,), 0, 3))


def test_a_notebook_without_the_labs_class_is_not_called_unattempted() -> None:
    assert not rnn_not_begun(Recurrent(None))
    assert rnn_not_begun(Recurrent(None, corrupted=True))
    assert not rnn_not_begun(Recurrent(None, corrupted=True, assigned=True))
    assert not language_model_not_begun(LanguageModel(None))
    assert not captioner_not_begun(Captioner(None))
    assert not bert_not_begun(FineTuned(code(TORCH), (), Pairs((), (), ()), None, {}, None))
    assert bert_not_begun(FineTuned(handed_out("lab5b_bert"), (), Pairs((), (), ()), None, {}, None))


def test_the_damaged_starter_holds_no_recurrent_matrix_that_a_student_made() -> None:
    assert not any(ASSIGNED.search(cell.source) for cell in handed_out("lab3_rnn") if cell.kind == "code")
    assert ASSIGNED.search("self.W_rnn = tf.Variable(x)") and ASSIGNED.search("self.W_rnn: tf.Variable = x")
    assert not ASSIGNED.search("l2 = tf.reduce_sum(tf.square(self.W_rnn))")


@pytest.mark.parametrize(
    "body",
    [
        "return None",
        "pass",
        "'''the density'''\n    return",
        "m = 0\n    return None",
        "raise NotImplementedError('do it')",
    ],
)
def test_a_function_that_does_nothing_is_idle(body: str) -> None:
    assert idle(ast.parse(f"def np_fn(x):\n    {body}").body[0])


@pytest.mark.parametrize("body", ["print(np.exp(-x ** 2 / 2))", "p = np.exp(-x)\n    return None", "return x"])
def test_a_function_that_computes_and_returns_nothing_is_begun(body: str) -> None:
    assert not idle(ast.parse(f"def np_fn(x):\n    {body}").body[0])


def test_a_library_that_does_the_analogy_is_work_and_the_handouts_printing_is_none() -> None:
    assert not works_with_vectors(handed_out("a2_embeddings"), "analogy", NOTHING_HELD)
    titled = code("def analogy(pair, c):\n    print('{}'.format(c))\n    print_row(0, words, None)")
    assert not works_with_vectors(titled, "analogy", NOTHING_HELD)
    library = code("def analogy(pair, c):\n    return glove.most_similar(positive=[c, pair[1]])")
    assert works_with_vectors(library, "analogy", NOTHING_HELD)
