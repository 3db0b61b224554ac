"""The eleven pieces of work of the course, and which one a word on the command line means."""

import re
from enum import StrEnum

from msgspec import Struct

from grader.course.rubric import meant
from grader.errors import UsageError


class Kind(StrEnum):
    LAB = "lab"  # sent in, counts for the certificates
    ASSIGNMENT = "assignment"  # not sent in; students check themselves


class Work(Struct, frozen=True):
    slug: str
    title: str
    kind: Kind
    aliases: tuple[str, ...]  # as `_plain` writes them
    environment: dict[str, str] = {}  # what its kernels have beside the usual


WORKS = (
    Work("lab1_warmup", "Lab1: Warming Up", Kind.LAB, ("lab1", "warmup", "warmingup")),
    Work(
        "a1_logistic_regression",
        "Assignment1: Logistic Regression, SGD, and Regularization",
        Kind.ASSIGNMENT,
        ("a1", "assignment1", "lr", "logisticregression"),
    ),
    Work("lab2_mlp", "Lab2: MLP and Dropout", Kind.LAB, ("lab2", "mlp", "dropout")),
    Work("lab3_rnn", "Lab3: RNN based classifier", Kind.LAB, ("lab3", "rnn")),
    Work(
        "a2_embeddings",
        "Assignment2: Word Embeddings",
        Kind.ASSIGNMENT,
        ("a2", "assignment2", "embeddings", "wordembeddings"),
    ),
    Work("lab4_gru", "Lab4: GRU based classifier", Kind.LAB, ("lab4", "gru")),
    Work(
        "a3_lstm_lm",
        "Assignment3: Language Modelling with LSTM networks",
        Kind.ASSIGNMENT,
        ("a3", "assignment3", "lstm", "languagemodel"),
    ),
    Work("lab5_attention", "Lab5: Attention models", Kind.LAB, ("lab5", "attention", "nli")),
    Work(
        "a4_word_by_word", "Assignment4: Word by Word attention", Kind.ASSIGNMENT, ("a4", "assignment4", "wordbyword")
    ),
    Work(
        "lab5b_bert",
        "Lab5: Transformers with TensorFlow",
        Kind.LAB,
        ("lab5b", "bert", "transformers"),
        {"TF_USE_LEGACY_KERAS": "1"},  # the TensorFlow classes of transformers know no other Keras
    ),
    Work("lab6_captioning", "Lab6: Image Captioning", Kind.LAB, ("lab6", "captioning", "imagecaptioning")),
)


def environment_of(lab: str) -> dict[str, str]:
    return next((work.environment for work in WORKS if work.slug == lab), {})


def lab_slug(text: str) -> str:
    """The slug behind `lab2_mlp`, `Lab 2`, `assignment-1`, `mlp`. Raises UsageError with the nearest one."""
    known = {name: work.slug for work in WORKS for name in (*work.aliases, _plain(work.slug))}
    slug = known.get(_plain(text))
    if slug is None:
        slugs = ", ".join(work.slug for work in WORKS)
        near = meant(_plain(text), known)
        raise UsageError(f"{text!r} is no lab of this course{near or '.'} There are: {slugs}.")
    return slug


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())
