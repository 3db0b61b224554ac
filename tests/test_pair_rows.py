"""Functions that encode pairs of sentences, as different people write them: all are found, called and read."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.course.folder import load_rubric
from grader.data.folder import data_folder
from grader.data.parts import BERT
from grader.judging.examiner import Examiner
from grader.judging.kinds.fine_tuning.asking import Asked, candidates, forms
from grader.judging.kinds.fine_tuning.checks import labels, mask, segments
from grader.judging.kinds.fine_tuning.interview import (
    Evidence,
    best_form,
    evaluated_on_test,
    of_pairs,
    secret,
    shortest_room,
)
from grader.judging.kinds.fine_tuning.remarks import remarks_on
from grader.judging.kinds.fine_tuning.reported import Model
from grader.judging.kinds.fine_tuning.rows import explanation
from grader.model import Cell, Limits, Run, TrainBudget, TrainPolicy, Verdict
from grader.sandbox.guest.wire import Inventory, Survey
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from reference import answer
from tests.kept_sessions import KeptSession, open_session

BEFORE = """
import dataclasses
import numpy as np, pandas as pd, tensorflow as tf
from transformers import BertTokenizer, BertTokenizerFast, InputFeatures
tokenizer = BertTokenizer.from_pretrained("bert-base-cased")
fast = BertTokenizerFast.from_pretrained("bert-base-cased")
MAX = 48
PADDED = dict(max_length=MAX, padding="max_length", truncation=True)
"""
WAYS = {
    "nli_tuples_with_dictionaries": """(premises, hypotheses, labels):
        return [(dict(tokenizer(p, h, **PADDED)), y) for p, h, y in zip(premises, hypotheses, labels)]""",
    "nli_features_and_labels": """(premises, hypotheses, labels):
        enc = tokenizer(list(premises), list(hypotheses), **PADDED)
        return [InputFeatures(enc.input_ids[i], enc.attention_mask[i], enc.token_type_ids[i])
                for i in range(len(premises))], list(labels)""",
    "nli_arrays_by_name": """(premises, hypotheses, labels):
        enc = dict(fast(list(premises), list(hypotheses), return_tensors="np", **PADDED))
        enc["labels"] = np.array(labels)
        return enc""",
    "nli_batched_dataset": """(premises, hypotheses, labels):
        enc = fast(list(premises), list(hypotheses), return_tensors="tf", **PADDED)
        return tf.data.Dataset.from_tensor_slices((dict(enc), tf.constant(list(labels)))).batch(3)""",
    "nli_labels_first": """(gold_labels, text_a, text_b):
        enc = tokenizer.batch_encode_plus([[a, b] for a, b in zip(text_a, text_b)], **PADDED)
        return [{**{k: enc[k][i] for k in enc}, "label": y} for i, y in enumerate(gold_labels)]""",
    "nli_more_arguments": """(tokenizer, sentences1, sentences2, y, max_length=64, verbose=False):
        out = []
        for i in sentences1.index:
            e = tokenizer.encode_plus(sentences1[i], sentences2[i], max_length=max_length, pad_to_max_length=True,
                                      return_tensors="tf")
            out.append(InputFeatures(**e, label=y[i]))
        return out""",
    "nli_columns_named": """(df, premise_col, hypothesis_col, label_col):
        enc = tokenizer(df[premise_col].tolist(), df[hypothesis_col].tolist(), **PADDED)
        return [InputFeatures(**{k: enc[k][i] for k in enc}, label=y) for i, y in enumerate(df[label_col])]""",
    "nli_columns_with_defaults": """(data, first="sentence1", second="sentence2", label="label"):
        enc = tokenizer(data[first].tolist(), data[second].tolist(), **PADDED)
        return [InputFeatures(**{k: enc[k][i] for k in enc}, label=y) for i, y in enumerate(data[label])]""",
    "nli_columns": """(premises, hypotheses, labels):
        enc = tokenizer(list(premises), list(hypotheses), **PADDED)
        ids, mask, types = (np.array(enc[k]) for k in ("input_ids", "attention_mask", "token_type_ids"))
        return ids, mask, types, np.array(labels)""",
    "nli_inputs_of_keras": """(premises, hypotheses, labels):
        enc = tokenizer(list(premises), list(hypotheses), return_tensors="np", **PADDED)
        one_hot = tf.keras.utils.to_categorical(labels, 3)
        return [enc["input_ids"], enc["token_type_ids"], enc["attention_mask"]], one_hot""",
    "nli_table": """(premises, hypotheses, labels):
        enc = tokenizer(list(premises), list(hypotheses), **PADDED)
        return pd.DataFrame({**enc, "label": list(labels)})""",
    "nli_generator": """(pairs, labels):
        for (p, h), y in zip(pairs, labels):
            yield tokenizer(p, h, **PADDED), y""",
    "nli_rows_of_four": """(premises, hypotheses, labels):
        rows = []
        for p, h, y in zip(premises, hypotheses, labels):
            e = tokenizer(p, h, **PADDED)
            rows.append((e["input_ids"], e["token_type_ids"], e["attention_mask"], y))
        return rows""",
    "nli_frame_in": """(df):
        enc = tokenizer(df["sentence1"].tolist(), df["sentence2"].tolist(), padding=True, return_tensors="tf")
        return enc, df["label"].values""",
    "nli_nested_dataset": """(premises, hypotheses, labels):
        enc = tokenizer(list(premises), list(hypotheses), return_tensors="np", **PADDED)
        return tf.data.Dataset.from_tensor_slices(((enc["input_ids"], enc["attention_mask"], enc["token_type_ids"]),
                                                   np.array(labels)))""",
    "nli_own_objects": """(premisas, hipotesis, etiquetas):
        @dataclasses.dataclass
        class Rasgos:
            input_ids: list
            token_type_ids: list
            attention_mask: list
            label: int
        ternas = zip(premisas, hipotesis, etiquetas)
        return [Rasgos(label=e, **tokenizer.encode_plus(p, h, **PADDED)) for p, h, e in ternas]""",
}


ODD = {  # right pieces, with something to be said of them
    "nli_cut": """(premises, hypotheses, labels):
        enc = tokenizer(list(premises), list(hypotheses), max_length=10, padding="max_length", truncation=True)
        return [InputFeatures(**{k: enc[k][i] for k in enc}, label=y) for i, y in enumerate(labels)]""",
    "nli_exchanged": """(premises, hypotheses, labels):
        enc = tokenizer(list(premises), list(hypotheses), **PADDED)
        return [InputFeatures(enc["input_ids"][i], enc["token_type_ids"][i], enc["attention_mask"][i], y)
                for i, y in enumerate(labels)]""",
    "nli_lower": """(premises, hypotheses, labels):
        enc = tokenizer([p.lower() for p in premises], [h.lower() for h in hypotheses], **PADDED)
        return [InputFeatures(**{k: enc[k][i] for k in enc}, label=y) for i, y in enumerate(labels)]""",
}


@pytest.fixture(scope="module")
def examiner(kernel: None) -> Iterator[Examiner]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADER_DATA", raising=False)
        data = data_folder(None).parts
    defined = [f"def {name}{code}".replace("\n    ", "\n") for name, code in (WAYS | ODD).items()]
    cells = tuple(Cell(i, "code", source) for i, source in enumerate([BEFORE, *defined]))
    setting = Setting(
        slot=9, data=data, limits=Limits(), budget=TrainBudget(TrainPolicy.NONE), seed=1,
        isolation=best_isolation(), environment=load_rubric("lab5b_bert").head.environment,
    )  # fmt: skip
    with open_session(setting) as session:
        run = session.run(cells)
        yield asking(session, cells, run, data)


def asking(session: KeptSession, cells: tuple[Cell, ...], run: Run, data: dict[str, Path]) -> Examiner:
    return Examiner("lab5b_bert", cells, run, session.ask, answer, 5, data={BERT.name: data[BERT.name]})


def evidence_of(name: str, examiner: Examiner, model: Model | None = None) -> Evidence:
    survey = examiner.ask("survey", Survey("all")).values["all"]
    assert isinstance(survey, Inventory)
    one = candidates([f for f in survey.functions if f.name == name], examiner.cells)
    ours = secret(examiner)
    found = best_form(examiner, ours, [form for f in one for form in forms(f, examiner.cells)])
    assert isinstance(found, Asked), name
    answers = of_pairs(examiner, ours, shortest_room(found))
    lengths = tuple(int((ids != 0).sum()) for ids in of_pairs(examiner, ours)["deck"]["ids"])
    return Evidence(examiner.cells, (), ours, found, answers, model, lengths=lengths)


@pytest.mark.parametrize("name", WAYS)
def test_rows_are_read_in_whatever_form_they_come(name: str, examiner: Examiner) -> None:
    evidence = evidence_of(name, examiner)
    found = evidence.asked
    assert found is not None
    assert explanation(evidence) == "deck", (found.observation.trouble, found.rows)
    verdicts = [check(evidence).verdict for check in (segments, mask, labels)]
    assert verdicts == [Verdict.PASS] * 3, [check(evidence).message for check in (segments, mask, labels)]


def fitted(*evaluated: np.ndarray) -> Model:
    return Model("None", 3, 3e-5, 1, None, None, None, (), False, "", checkpoint="bert-base-cased",
                 tokenizers=("bert-base-cased",), evaluated=evaluated)  # fmt: skip


def test_what_is_cut_off_is_told_and_is_not_called_padded_to_the_longest(examiner: Examiner) -> None:
    said = {remark.id for remark in remarks_on(evidence_of("nli_cut", examiner, fitted()))}
    assert "cut-short" in said and "padded-to-longest" not in said


def test_lower_case_for_a_model_that_knows_capitals_is_told_and_costs_nothing(examiner: Examiner) -> None:
    evidence = evidence_of("nli_lower", examiner, fitted())
    assert "lower-case" in {remark.id for remark in remarks_on(evidence)}
    assert segments(evidence).verdict is Verdict.PASS
    plain = evidence_of("nli_columns", examiner, fitted())
    assert "lower-case" not in {remark.id for remark in remarks_on(plain)}


def test_mask_and_types_that_changed_places_are_told_as_that(examiner: Examiner) -> None:
    evidence = evidence_of("nli_exchanged", examiner)
    for check in (mask, segments):
        assert check(evidence).verdict is Verdict.FAIL and "changed places" in check(evidence).message


def test_an_evaluation_on_pairs_that_nobody_knows_again_says_nothing_of_the_test_set(examiner: Examiner) -> None:
    assert evaluated_on_test(examiner, fitted(np.array([[101, 7, 8, 102]]))) is None
