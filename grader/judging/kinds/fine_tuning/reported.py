"""What our guest says of a notebook's models: compiled, fitted, or trained in a loop of its own."""

from typing import Any

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers, array, number
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.unaskable import refused
from grader.model import Status
from grader.sandbox.guest.wire import Call, Listing, Mapping


class Model(Struct, frozen=True):
    """A model that was compiled or fitted; the first batch of its last fit."""

    path: str
    width: int | None  # of its head, as its configuration says
    rate: float | None
    fits: int
    ids: Numbers | None
    types: Numbers | None
    labels: Numbers | None
    losses: tuple[float, ...]
    cut: bool
    raised: str
    scores: Numbers | None = None  # [n, classes] for our pairs
    loss: float | None = None  # of secret scores [n, classes]
    losses_of: Answers = {}  # what that loss is, by explanation
    checkpoint: str = ""  # that was asked for
    tokenizers: tuple[str, ...] = ()  # checkpoints whose tokenizers the notebook holds
    evaluated: tuple[Numbers, ...] = ()  # ids of the first batch of each evaluation
    step: Numbers | None = None  # [n, classes]: scores in the first step of a loop of the notebook's own
    changed: bool = True  # whether such a loop changes weights
    mask: Numbers | None = None  # with ids and types

    @property
    def classes(self) -> int | None:
        seen = self.scores if self.scores is not None else self.step
        return None if seen is None else seen.shape[1]


def listed(x: Examiner) -> tuple[Any, ...]:
    """What our guest says of the notebook's models. Raises Unaskable where it could not: that is no lack of models."""
    seen = x.ask("models", Call("grader_models", into="m"), seconds=60)
    if seen.status is Status.RAISED:
        raise refused("which models it holds", seen.trouble)
    return listed_in(seen.values.get("m"))


def model(value: Any) -> Model | None:
    if not isinstance(value, Mapping):
        return None
    told = value.items
    path, raised, losses, given = (told.get(name) for name in ("path", "raised", "losses", "inputs"))
    inputs = given.items if isinstance(given, Mapping) else {}
    first_step = told.get("own")
    own = first_step.items if isinstance(first_step, Mapping) else {}
    return Model(
        path if isinstance(path, str) and path.startswith("grader_fine_tuned(") else "None",
        None if (width := number(told.get("classes"))) is None else int(width),
        number(told.get("rate")),
        int(number(told.get("fits")) or 0),
        table(inputs.get("input_ids")),
        table(inputs.get("token_type_ids")),
        array(told.get("labels")),
        tuple(loss for loss in losses.items if isinstance(loss, float)) if isinstance(losses, Listing) else (),
        told.get("cut") is True,
        raised if isinstance(raised, str) else "",
        checkpoint=str(told.get("checkpoint") or ""),
        tokenizers=tuple(map(str, listed_in(told.get("tokenizers")))),
        step=scores_in(own.get("scores")),
        loss=number(own.get("loss")),
        changed=told.get("changed") is not False,
        mask=table(inputs.get("attention_mask")),
        evaluated=tuple(ids for one in listed_in(told.get("evaluated")) if (ids := table(one)) is not None),
    )


def listed_in(value: Any) -> tuple[Any, ...]:
    return value.items if isinstance(value, Listing) else ()


def table(value: Any) -> Numbers | None:
    found = array(value)
    return found if found is not None and found.ndim == 2 and found.dtype.kind in "iu" else None


def scores_in(value: Any) -> Numbers | None:
    found = array(value)
    fits = found is not None and found.ndim == 2 and found.dtype.kind == "f" and bool(np.all(np.isfinite(found)))
    return found if fits else None


def looks_like_shares(scores: Numbers) -> bool:
    """Whether the model itself ends in a softmax."""
    return bool((scores >= 0).all() and np.allclose(scores.sum(1), 1, atol=1e-4))
