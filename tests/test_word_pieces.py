"""Our own cutting into word pieces against that of transformers, on the tiny checkpoint we make; and the loss."""

import os
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.data.toy.bert import POSITIONS, UNUSED, toy_bert, vocabulary
from grader.data.toy.snli import toy_snli
from grader.data.toy.treebank import toy_treebank
from grader.sandbox.guest.colab import pieces
from reference.lab5b_bert import WordPieces, cut_longest, loss, pairs

PREMISES = ["Two dogs weren't sleeping, near Café Ñoño!", "The rumination of lighthouses", "x" * 101 + " y\tz"]
HYPOTHESES = ["an actress (again) -- 3.5% in 1984", "“quoted” dog_s & <b>", "A man is outside. " * 9]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    for name, content in toy_bert().items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("length", [128, 20])
@pytest.mark.parametrize("lower", [False, True])
def test_pairs_are_encoded_as_transformers_does_it(checkpoint: Path, lower: bool, length: int) -> None:
    os.environ["USE_TF"] = os.environ["USE_TORCH"] = "0"  # tokenizers need neither, and both take seconds
    from transformers import BertTokenizer  # noqa: PLC0415 - slow to load

    tokenizer = BertTokenizer.from_pretrained(checkpoint, do_lower_case=lower)
    theirs = tokenizer(PREMISES, HYPOTHESES, padding=True, truncation=True, max_length=length)
    case = {"checkpoint": str(checkpoint), "premises": PREMISES, "hypotheses": HYPOTHESES, "length": length}
    ours = pairs(case)["deck/lower" if lower else "deck"]
    assert ours["ids"].tolist() == theirs["input_ids"]
    assert ours["types"].tolist() == theirs["token_type_ids"]


WAYS: list[dict[str, Any]] = [
    {"do_lower_case": False},
    {"do_lower_case": True},
    {"do_lower_case": True, "strip_accents": False, "never_split": ["FILM,", "(again)"]},
    {"do_lower_case": False, "additional_special_tokens": ["actress", "A man"]},
    {"do_lower_case": False, "do_basic_tokenize": False},
]


@pytest.mark.parametrize("settings", WAYS)
def test_words_that_were_taken_to_pieces_before_come_in_the_same_pieces(
    checkpoint: Path, settings: dict[str, Any]
) -> None:
    os.environ["USE_TF"] = os.environ["USE_TORCH"] = "0"
    from transformers import BertTokenizer  # noqa: PLC0415 - slow to load

    class Quick(BertTokenizer):  # type: ignore[misc]
        pass

    pieces.mend_pieces(SimpleNamespace(BertTokenizer=Quick))
    quick, plain = (kind.from_pretrained(checkpoint, **settings) for kind in (Quick, BertTokenizer))
    words = [*"The the FILM, (again) actress A man it's _x_ [MASK] a[SEP]b -- Zoë 3.5% ~ 中文 qwzx".split(), "x" * 101]
    draw = random.Random(5)
    texts = [draw.choice([" ", "  ", "\t"]).join(draw.choices(words, k=6)) for _ in range(200)] + ["", " "]
    for split in (False, True):
        told = [[t(texts, split_special_tokens=split).input_ids, list(map(t.tokenize, texts))] for t in (quick, plain)]
        assert told[0] == told[1]
    assert all(state.known and not state.differ for state in vars(quick)["_words"].values())
    for tokenizer in (quick, plain):  # what is learnt of words holds for the settings it was learnt with
        tokenizer.add_special_tokens({"cls_token": "qwzx"})
        tokenizer.wordpiece_tokenizer.max_input_chars_per_word = 5
    assert [*map(quick.tokenize, texts)] == [*map(plain.tokenize, texts)]


def test_a_tokenizer_that_looks_beyond_a_word_is_asked_each_time() -> None:
    words = pieces.Words()

    def twice_the_last(text: str) -> list[str]:
        return [*text.split(), *text.split()[-1:]]

    assert [words.pieces(twice_the_last, "a b c") for _ in range(3)] == [["a", "b", "c", "c"]] * 3


def test_every_explanation_of_short_pairs_differs_from_every_other(checkpoint: Path) -> None:
    case = {"checkpoint": str(checkpoint), "premises": PREMISES[:2], "hypotheses": HYPOTHESES[:2], "length": 0}
    answers = {name: answer for name, answer in pairs(case).items() if not name.endswith("/lower")}
    seen = [tuple(map(tuple, answer["ids"].tolist())) for answer in answers.values()]
    assert len(set(seen)) == len(seen)


def test_the_longer_sentence_is_cut_first() -> None:
    assert cut_longest([1, 2, 3, 4, 5], [6, 7], 8) == ([1, 2, 3], [6, 7])
    assert cut_longest([1, 2], [6, 7], 0) == ([1, 2], [6, 7])


def test_special_pieces_stand_where_bert_base_cased_has_them() -> None:
    pieces = vocabulary()
    places = {piece: pieces.index(piece) for piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")}
    assert places == {"[PAD]": 0, "[UNK]": UNUSED + 1, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}
    assert len(set(pieces)) == len(pieces)


def test_frequent_words_are_whole_rare_ones_come_in_pieces_and_no_word_of_toy_data_is_unknown(checkpoint: Path) -> None:
    cased = WordPieces(str(checkpoint), lower=False)
    lengths = [len(cased.of_word(word)) for word in ("film", "man", "sleeping", "rumination", "Saturday", "qwzx")]
    assert lengths == [1, 1, 1, 2, 2, 4]
    text = " ".join([*toy_treebank().values(), *toy_snli().values()])
    assert 100 not in cased.of_text(text)


def test_the_checkpoint_is_the_same_every_time_and_has_no_head(checkpoint: Path) -> None:
    from safetensors.numpy import load_file  # noqa: PLC0415

    assert toy_bert() == toy_bert()
    weights = load_file(checkpoint / "model.safetensors")
    assert not any(name.startswith("classifier") for name in weights)
    assert weights["bert/embeddings/position_embeddings/embeddings:0"].shape[0] == POSITIONS
    assert abs(weights["bert/pooler/dense/kernel:0"].std() - 0.02) < 2e-3


def test_the_loss_of_scores_is_the_cross_entropy_and_differs_from_every_mistake() -> None:
    scores, labels = np.log([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]) + 3.0, np.array([0, 1])
    found = {name: float(answer["loss"]) for name, answer in loss({"scores": scores, "labels": labels}).items()}
    assert found["scores"] == pytest.approx(-(np.log(0.7) + np.log(0.1)) / 2)
    assert all(abs(value - found["scores"]) > 0.01 for name, value in found.items() if name != "scores")
