"""What a notebook about transformers finds here: checkpoints without a network, old arguments, fits that are cut."""

import pytest

from grader.course.folder import load_rubric
from grader.data.folder import data_folder
from grader.model import Cell, CellRun, Limits, Run, TrainBudget, TrainPolicy
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import open_session

CELLS = {
    "loads": """
        import numpy as np, tensorflow as tf
        from transformers import AutoTokenizer, BertTokenizer, BertTokenizerFast
        from transformers import TFAutoModelForSequenceClassification, TFBertForSequenceClassification
        name = "bert-base-cased"
        cased = BertTokenizer.from_pretrained(name)
        print(tf.keras.Model.__module__.split(".")[0], cased.tokenize("A rumination"))
        """,
    "other names": """
        small, other = BertTokenizer.from_pretrained("bert-base-uncased"), "bert-base-multilingual-cased"
        print(small.tokenize("THE Film"), AutoTokenizer.from_pretrained(other).tokenize("The film"))
        print(BertTokenizerFast.from_pretrained("google-bert/bert-base-cased").tokenize("The film"))
        """,
    "models": """
        model = TFBertForSequenceClassification.from_pretrained(name, num_labels=3)
        auto = TFAutoModelForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=5)
        print(model(np.ones((2, 7), "int32")).logits.shape, auto.config.num_labels)
        """,
    "another kind": """
        from transformers import TFXLNetForSequenceClassification
        TFXLNetForSequenceClassification.from_pretrained("xlnet-base-cased")
        """,
    "old arguments": """
        long = ["the film is good " * 50, "short"]
        old = cased.batch_encode_plus(long, max_length=32, pad_to_max_length=True)
        print([len(row) for row in old["input_ids"]], len(cased.encode(long[0], max_length=20)))
        adam = tf.keras.optimizers.Adam(lr=2e-5, epsilon=1e-8, clipnorm=1.0, decay=0.0)
        print(round(float(adam.learning_rate) * 1e6))
        """,
    "fit": """
        x = {"input_ids": np.ones((96, 8), "int32"), "attention_mask": np.ones((96, 8), "int32")}
        y = np.zeros(96, "int64")
        model.compile(adam, tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        seen = model.fit(x, y, epochs=4, batch_size=16, validation_data=(x, y), verbose=0)
        print(len(seen.history["loss"]), len(seen.history["val_loss"]), int(adam.iterations))
        print(len(model.evaluate(x, y, verbose=0)), model.predict(x, verbose=0).logits.shape)
        rows = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
        print(len(model.fit(rows, epochs=2, verbose=0).history["loss"]), int(adam.iterations))
        """,
}


def ran(policy: TrainPolicy) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADER_DATA", raising=False)
        data = data_folder(None).parts
    setting = Setting(
        slot=8, data=data, limits=Limits(), budget=TrainBudget(policy, epochs=2, seconds=600), seed=1,
        isolation=best_isolation(), environment=load_rubric("lab5b_bert").head.environment,
    )  # fmt: skip
    sources = ["\n".join(line[8:] for line in source.splitlines()).strip() for source in CELLS.values()]
    with open_session(setting) as session:
        return session.run(tuple(Cell(i, "code", source) for i, source in enumerate(sources)))


@pytest.fixture(scope="module")
def run(kernel: None) -> Run:
    return ran(TrainPolicy.NONE)


def cell(run: Run, name: str) -> CellRun:
    return run.cells[list(CELLS).index(name)]


def printed(run: Run, name: str) -> list[str]:
    outputs = cell(run, name).outputs
    return "".join(str(o.get("text", "")) for o in outputs if o.get("name") == "stdout").strip().splitlines()


def test_the_lab_runs_with_the_keras_that_transformers_knows(run: Run) -> None:
    assert printed(run, "loads") == ["tf_keras ['A', 'rum', '##ination']"]


def test_the_base_sizes_of_bert_are_answered_with_the_one_checkpoint(run: Run) -> None:
    assert printed(run, "other names") == ["['the', 'film'] ['The', 'film']", "['The', 'film']"]
    assert any("bert-base-multilingual-cased is not here" in change for change in run.changes)


def test_a_head_of_any_width_is_put_on_top(run: Run) -> None:
    assert printed(run, "models") == ["(2, 3) 5"]


def test_another_kind_of_model_is_refused_with_the_reason(run: Run) -> None:
    trouble = cell(run, "another kind").trouble
    assert trouble is not None and "xlnet-base-cased is not here" in trouble.message
    assert cell(run, "another kind").excuse


def test_old_arguments_mean_what_they_meant(run: Run) -> None:
    assert printed(run, "old arguments") == ["[32, 32] 20", "20"]
    assert any("pad_to_max_length" in change for change in run.changes)


def test_without_training_a_fit_is_one_step_and_predictions_keep_their_shape(run: Run) -> None:
    assert printed(run, "fit") == ["1 1 1", "2 (96, 3)", "1 2"]


def test_under_a_budget_epochs_are_cut(kernel: None) -> None:
    assert printed(ran(TrainPolicy.BUDGET), "fit") == ["2 2 12", "2 (96, 3)", "2 24"]
