"""A tiny BERT whose weights were never trained, with the files of a real checkpoint: notebooks run, and learn little.

Its word pieces are made of the toy sentences, so that frequent words stay whole, rarer ones come in pieces, and any
other word in letters. What is special stands where bert-base-cased has it. Weights are named as TensorFlow's classes
of transformers name them, without a head, so that any number of labels can be put on top.
"""

import re
from collections import Counter
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from grader.data.toy import lexicon, snli, treebank

WIDTH, INNER, LAYERS, HEADS, POSITIONS = 32, 64, 2, 2, 512
SPREAD = 0.02  # of the initial weights, as in the paper (Devlin et al. 2019, code)
WEIGHTS = "model.safetensors"  # written last, so that where it is the others are
OFTEN = 12  # a word of the toy sentences that comes so often is one piece
UNUSED = 99  # rows before [UNK], as in bert-base-cased
WORD = re.compile(r"\w+|[^\w\s]")
ENDINGS = """s es ed d ing er ers est ly y ness less ful able ment ments ation ations ination ion ions al ous ive ic ity
ist ists ish en th day land house man men port side way work light board book ball""".split()
STEMS = "rum play walk sleep read cook danc smil laugh climb jump swim paint wash build clean".split()


def toy_bert() -> dict[str, bytes]:
    """The files of the checkpoint's folder by name."""
    pieces = vocabulary()
    config = {
        "architectures": ["BertModel"], "model_type": "bert", "vocab_size": len(pieces), "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": INNER, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2, "initializer_range": SPREAD, "layer_norm_eps": 1e-12, "pad_token_id": 0,
    }  # fmt: skip
    tokenizer = {"do_lower_case": False, "model_max_length": POSITIONS, "tokenizer_class": "BertTokenizer"}
    return {
        "config.json": msgspec.json.encode(config),
        "tokenizer_config.json": msgspec.json.encode(tokenizer),
        "vocab.txt": "".join(f"{piece}\n" for piece in pieces).encode(),
        WEIGHTS: save(weights(len(pieces)), metadata={"format": "tf"}),
    }


def vocabulary() -> list[str]:
    special = ["[PAD]", *(f"[unused{n}]" for n in range(1, UNUSED + 1)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    signs = [chr(code) for code in range(33, 127)]
    letters = [f"##{sign}" for sign in signs if sign.isalnum()]
    counts = Counter(WORD.findall(sentences()))
    often = sorted((word for word, count in counts.items() if count >= OFTEN), key=lambda word: (-counts[word], word))
    endings = [f"##{ending}" for ending in ENDINGS]
    stems = [stem for word in sorted(counts) if counts[word] < OFTEN and word.isalpha() for stem in stems_of(word)]
    return list(dict.fromkeys([*special, *signs, *letters, *often, *frequent(), *endings, *STEMS, *stems]))


def sentences() -> str:
    """All toy sentences of the training sets."""
    trees = re.sub(r"\(\d|\)", " ", treebank.toy_treebank()["train.txt"])
    pairs = re.findall(r'"sentence[12]":"([^"]*)"', snli.toy_snli()["snli_1.0_train.jsonl"])
    return " ".join([trees, *pairs])


def frequent() -> Iterable[str]:
    """Frequent words of English, as a sentence writes them."""
    return (word for word in lexicon.FREQUENT if word.isalpha())


def stems_of(word: str) -> Iterable[str]:
    """What stays of a word without one of the endings; the whole word where it has none."""
    endings = [ending for ending in ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2]
    return [word.removesuffix(max(endings, key=len, default=""))]


def weights(pieces: int) -> dict[str, NDArray[np.float32]]:
    """Layer norms are the identity, biases zero, all else is drawn."""
    stream = np.random.RandomState(40)  # NumPy promises its stream

    def drawn(*shape: int) -> NDArray[np.float32]:
        normal = stream.random_sample((12, *shape)).sum(0) - 6  # nearly: the sum of twelve
        return np.asarray(SPREAD * normal, np.float32)

    def norm(name: str) -> dict[str, NDArray[np.float32]]:
        return {f"{name}/gamma:0": np.ones(WIDTH, np.float32), f"{name}/beta:0": np.zeros(WIDTH, np.float32)}

    def dense(name: str, given: int, made: int) -> dict[str, NDArray[np.float32]]:
        return {f"{name}/kernel:0": drawn(given, made), f"{name}/bias:0": np.zeros(made, np.float32)}

    top = "bert/embeddings"
    found = {
        f"{top}/word_embeddings/weight:0": drawn(pieces, WIDTH),
        f"{top}/position_embeddings/embeddings:0": drawn(POSITIONS, WIDTH),
        f"{top}/token_type_embeddings/embeddings:0": drawn(2, WIDTH),
        **norm(f"{top}/LayerNorm"),
    }
    for layer in (f"bert/encoder/layer_._{n}" for n in range(LAYERS)):
        for part in ("query", "key", "value"):
            found |= dense(f"{layer}/attention/self/{part}", WIDTH, WIDTH)
        found |= dense(f"{layer}/attention/output/dense", WIDTH, WIDTH) | norm(f"{layer}/attention/output/LayerNorm")
        found |= dense(f"{layer}/intermediate/dense", WIDTH, INNER)
        found |= dense(f"{layer}/output/dense", INNER, WIDTH) | norm(f"{layer}/output/LayerNorm")
    return found | dense("bert/pooler/dense", WIDTH, WIDTH)
