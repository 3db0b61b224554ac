"""The lab on transformers: asks the notebook's function about secret pairs, and what became of its models."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.data.pairs import labels_of
from grader.data.parts import BERT, SNLI
from grader.data.truth import SPLITS
from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, number, send
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.kinds.fine_tuning.asking import Asked, Pairs, asked, candidates, encoded, forms, is_meant, methods
from grader.judging.kinds.fine_tuning.reported import Model, listed, looks_like_shares, model
from grader.judging.kinds.fine_tuning.written import Answered, answers_in
from grader.model import Cell, CellRun
from grader.sandbox.guest.wire import Call, Inventory, Ref

LAB = "lab5b_bert"
SEPARATOR = "[SEP]"
WHO = "a man,the old woman,Two girls,a small dog,The policeman,my friend,an actress,Some children".split(",")
DOES = "is sleeping,walks home,reads the newspaper,jumped,was singing loudly,plays soccer".split(",")
WHERE = "near the lake,in Paris,outside,under a bridge,at the office,during lunch,without a rumination,at 7".split(",")
ENOUGH = 6  # pairs of a batch that are known
SIGNS = (".", "", " !", " , again .")


class Evidence(Struct, frozen=True):
    cells: tuple[Cell, ...]
    runs: tuple[CellRun, ...]
    ours: Pairs
    asked: Asked | None  # None when there is no such function
    answers: Answers
    model: Model | None  # the one of the pairs: fitted to them, or at least compiled for three classes
    fitted_on: str = ""  # dev or test, where most pairs of its first batch are of that set
    tested: bool | None = None  # whether it was evaluated on the test set; None: never evaluated on known pairs
    capitals: bool = False  # whether pieces it was fitted on have any
    own_labels: bool | None = None  # whether pairs it was fitted on have their labels; None: not known
    mixed_labels: bool = False  # whether those of one class have several numbers there
    lengths: tuple[int, ...] = ()  # of our pairs in pieces, uncut
    uncut: int | None = None  # pieces of a pair that is far too long, where they were not cut
    written: tuple[Answered, ...] = ()

    @property
    def fitted(self) -> Model | None:
        return self.model if self.model is not None and self.model.fits else None


@interview(LAB)
def interview_notebook(x: Examiner) -> Evidence:
    survey = x.survey()
    ours, found = secret(x), []
    if isinstance(survey, Inventory):
        found = candidates([*survey.functions, *methods(survey)], x.cells, survey.classes)
    best = best_form(x, ours, [form for f in found for form in forms(f, x.cells)])
    answers = of_pairs(x, ours, shortest_room(best))
    models = tuple(m for m in map(model, listed(x)) if m is not None)
    fitted = [m for m in models if m.fits and on_pairs(m, separator(x))]
    meant = [m for m in models if not m.fits and m.width == 3]
    chosen = next(reversed(fitted or meant), None)
    met = labels_met(x, chosen) if chosen else []
    return Evidence(
        x.cells, x.run.cells, ours, best, answers,
        examined(x, chosen, ours) if chosen else None,
        fitted_on=set_of(x, chosen.ids) if chosen else "",
        tested=evaluated_on_test(x, chosen) if chosen else None,
        capitals=chosen is not None and any(any(map(str.isupper, text)) for text in texts(x, chosen.ids)),
        own_labels=right_labels(met) if best and not whole_rows(best)[1] else None,
        mixed_labels=mixed_labels(met),
        uncut=too_long(x, best),
        lengths=tuple(int(np.count_nonzero(ids)) for ids in of_pairs(x, ours).get("deck", {}).get("ids", ())),
        written=answers_in(x.cells),
    )  # fmt: skip


def secret(x: Examiner) -> Pairs:
    """Seven pairs, all sentences different; labels whose order tells, and every class among them.

    No class is as frequent as another, so that labels in another order are told from classes with other numbers.
    """
    draw = random.Random(int(x.generator("pairs").integers(2**62)))
    sentences: list[str] = []
    while len(sentences) < 14:
        new = f"{draw.choice(WHO)} {draw.choice(DOES)} {draw.choice(WHERE)}{draw.choice(SIGNS)}"
        sentences += [new] if new not in sentences else []
    labels = [0] * 7
    while labels in (labels[::-1], sorted(labels)) or len({labels.count(kind) for kind in labels}) < 3:
        labels = [draw.randrange(3) for _ in labels]
    return Pairs(tuple(sentences[:7]), tuple(sentences[7:]), tuple(labels))


def best_form(x: Examiner, ours: Pairs, ways: list[Any]) -> Asked | None:
    """The first that gives a row and a label for each pair, else the one that comes nearest."""
    tried: list[Asked] = []
    for form in ways[:18]:
        found = asked(x, form, ours)
        if len(found.rows) == len(ours.labels) and whole_rows(found) == (len(ours.labels),) * 2:
            return found
        tried.append(found)
    best = max(tried, key=whole_rows, default=None)
    shows = best is not None and (whole_rows(best)[0] > 0 or is_meant(best.form, x.cells))
    return best if shows else None


def whole_rows(found: Asked) -> tuple[int, int]:
    """How many rows have ids, and how many of these a label."""
    rows = [row for row in found.rows if row.ids is not None]
    return len(rows), sum(row.label is not None and row.label.size > 0 for row in rows)


def shortest_room(best: Asked | None) -> int:
    """The length to which all rows were brought; 0 where they differ."""
    lengths = {row.ids.size for row in best.rows if row.ids is not None} if best else set()
    return lengths.pop() if len(lengths) == 1 else 0


def checkpoint(x: Examiner) -> Path | None:
    place = x.data.get(BERT.name)
    return None if place is None or BERT.missing(place) else place


def of_pairs(x: Examiner, pairs: Pairs, length: int = 0) -> Answers:
    """None of them without a checkpoint."""
    place = checkpoint(x)
    if place is None:
        return {}
    return x.answers(
        "pairs", checkpoint=str(place), premises=list(pairs.premises), hypotheses=list(pairs.hypotheses), length=length
    )


def separator(x: Examiner) -> int | None:
    return next((n for n, piece in enumerate(vocabulary(x)) if piece == SEPARATOR), None)


def vocabulary(x: Examiner) -> list[str]:
    place = checkpoint(x)
    return (place / "vocab.txt").read_text("utf-8").splitlines() if place else []


def on_pairs(m: Model, sep: int | None) -> bool:
    """Whether its last fit was given pairs, or labels of three classes."""
    three = m.labels is not None and m.labels.dtype.kind in "iuf" and m.labels.size > 0 and np.max(m.labels) >= 2
    one_hot = m.labels is not None and m.labels.ndim == 2 and m.labels.shape[1] == 3
    second = m.types is not None and m.types.any()
    twice = m.ids is not None and sep is not None and bool(((m.ids == sep).sum(1) > 1).mean() > 0.5)
    return bool(three or one_hot or second or twice)


def scores_for(x: Examiner, m: Model, pairs: Pairs) -> Numbers | None:
    """[n, classes], for rows as long as those it was fitted on."""
    length = 128 if m.ids is None else m.ids.shape[1]
    deck = of_pairs(x, pairs, length).get("deck")
    if deck is None:
        return None
    ids, types = (np.pad(deck[part], ((0, 0), (0, length - deck[part].shape[1]))) for part in ("ids", "types"))
    return encoded(x, m.path, ids, types, ids != 0)


def examined(x: Examiner, m: Model, ours: Pairs) -> Model:
    """With its scores for our pairs, and its loss for secret scores and labels of as many classes."""
    scores = scores_for(x, m, ours)
    if m.step is not None:
        return compared_in_a_step(x, replace(m, scores=scores))
    if scores is None:
        return m
    classes = scores.shape[1]
    secret_scores = x.normal("scores", (9, classes), 2.0)
    labels = x.generator("labels").integers(0, classes, 9)
    if looks_like_shares(scores):
        secret_scores = np.exp(secret_scores) / np.exp(secret_scores).sum(1, keepdims=True)
    call = Call("grader_loss_of", (Ref(m.path), send(labels), send(secret_scores.astype(np.float32))), into="l")
    found = number(x.ask(f"loss.{m.path}", call).values.get("l"))
    known = x.answers("loss", scores=secret_scores, labels=labels)
    return replace(m, scores=scores, loss=found, losses_of=known)


def compared_in_a_step(x: Examiner, m: Model) -> Model:
    """A loop of the notebook's own has no loss that could be asked: what its first step gave one, and its answer."""
    assert m.step is not None
    if m.labels is None or len(m.labels) != len(m.step):
        return replace(m, loss=None)
    return replace(m, losses_of=x.answers("loss", scores=m.step, labels=whole_labels(m.labels)))


def whole_labels(labels: Numbers) -> Numbers:
    """[n] of whole labels or one-hot ones."""
    found = np.argmax(labels, axis=1) if labels.ndim > 1 and labels.shape[1] > 1 else labels.reshape(-1)
    return found.astype(np.int64)


def texts(x: Examiner, ids: Numbers | None) -> list[str]:
    """What rows of ids [n, length] say, their pieces put together again, without special ones."""
    pieces = vocabulary(x)
    found = []
    for row in () if ids is None else ids:
        kept = [pieces[i] for i in row.tolist() if 0 < i < len(pieces)]
        plain = [piece.removeprefix("##") for piece in kept if not (piece.startswith("[") and piece.endswith("]"))]
        found.append("".join(plain))
    return found


def set_of(x: Examiner, ids: Numbers | None) -> str:
    """dev or test, where most of these rows are pairs of that set."""
    said = [text.lower() for text in texts(x, ids)]
    for split in SPLITS if x.truth and said else ():
        known = {key.lower() for key in getattr(x.truth, split)}
        if sum(text in known for text in said) > len(said) / 2:
            return split
    return ""


def right_labels(met: Sequence[tuple[int, int]]) -> bool | None:
    """Whether a class of the training set has one number in its batch, and another class another one."""
    classes, given = {right for right, _ in met}, {number for _, number in met}
    return len(set(met)) == len(classes) == len(given) if len(met) >= ENOUGH and len(classes) > 1 else None


def mixed_labels(met: Sequence[tuple[int, int]]) -> bool:
    """Whether pairs of one class have several numbers in the batch, whatever numbers a notebook gives to classes."""
    return right_labels(met) is False and len(set(met)) > len({right for right, _ in met})


def labels_met(x: Examiner, m: Model) -> list[tuple[int, int]]:
    """The class of each pair of its batch that the training set knows, and the number that came with it."""
    place = x.data.get(SNLI.name)
    if m.labels is None or place is None or SNLI.missing(place):
        return []
    said = [text.lower() for text in texts(x, m.ids)]
    known = labels_of(place, set(said))
    numbers = whole_labels(m.labels).tolist()
    return [(known[text], number) for text, number in zip(said, numbers, strict=False) if text in known]


def evaluated_on_test(x: Examiner, m: Model) -> bool | None:
    known = {split for ids in m.evaluated if (split := set_of(x, ids))}
    return "test" in known if known else None


def too_long(x: Examiner, best: Asked | None) -> int | None:
    """How many pieces it made of a pair of four hundred words, where they are more than BERT can take."""
    if best is None or not best.rows:
        return None
    long = Pairs((" ".join(["the dog is here"] * 100),) * 7, ("a dog is there",) * 7, (0, 1, 2, 0, 1, 2, 0))
    rows = asked(x, best.form, long, ".long").rows
    longest = max((row.ids.size for row in rows if row.ids is not None), default=0)
    return longest if longest > 512 else None
