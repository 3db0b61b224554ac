"""Lab3 and Lab4: which form of the equations explains the logits, and which variable plays which role in it."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from msgspec import Struct

from grader.judging.binding.arrangements import Arrangement
from grader.judging.binding.roles import Parts, Roles, assignments
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import nearest, slug
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers

LABS = {"lab3_rnn": ("rnn",), "lab4_gru": ("z", "r", "rnn")}
TRIED, TRIED_WHOLE = 60, 6  # assignments asked for the accepted forms, and for every form
WAYS = 12  # to see the variables, tried at most


class Way(Struct, frozen=True):
    """One way to see the variables as the slide has them."""

    parts: Parts
    arrangement: Arrangement


class Explained(Struct, frozen=True):
    way: Way
    roles: Roles
    weights: Mapping[str, Numbers]  # secret ones, by path, as this way sees them
    logits: Numbers | None
    values: Answers  # of every form
    form: str | None  # None: no form known to us gives these logits


def likely(ways: Sequence[Way], logits: Numbers | None) -> list[Way]:
    """Those that end in as many classes as the logits have; first where every matrix has a part, and a bias."""

    def odd(way: Way) -> tuple[int, int, bool]:
        found = way.parts
        return len(found.others), abs(len(found.matrices) - len(found.biases)), bool(way.arrangement.views)

    fitting = [way for way in ways if logits is None or way.parts.readout.shape[1] == logits.shape[1]]
    return sorted(fitting or ways, key=odd)[:WAYS]


def first_explained(
    x: Examiner, ways: Sequence[Way], data: Numbers, secret: Mapping[str, Numbers], *logits: Numbers | None
) -> Explained:
    """The first of the logits, and of the ways to see the variables, that a form explains; the deck's form if any."""
    best = None
    for seen in logits:
        for way in ways:
            told = explained(x, way, data, secret, seen)
            if told.form is not None and slug(told.form) == "deck":
                return told
            if best is None or (best.form is None and told.form is not None):
                best = told
    assert best is not None
    return best


def explained(x: Examiner, way: Way, data: Numbers, secret: Mapping[str, Numbers], logits: Numbers | None) -> Explained:
    """The roles and the form that explain the logits: names only say which assignment is asked first."""
    found, weights = way.parts, {path: v for path, v in way.arrangement.seen(secret).items() if v is not None}
    gates = ("rnn", "back") if x.lab == "lab3_rnn" and found.both_ways else LABS[x.lab]
    many = len(found.matrices) + len(found.biases) > 2 or len(gates) == 1
    natural, *others = islice(assignments(found, gates), TRIED if many else 1)
    if found.both_ways and "back" not in gates:  # gated units that read in both directions are unknown to the reference
        return Explained(way, natural, weights, logits, {}, None)

    def asked(question: str, roles: Roles) -> Explained:
        known = x.answers(question, x=data, **role_values(found, roles, weights))
        form = nearest({"logits": logits}, known) if logits is not None else None
        return Explained(way, roles, weights, logits, known, form)

    told = asked("values", natural)
    if logits is None or (told.form is not None and slug(told.form) == "deck"):
        return told
    for roles in others:
        another = asked("roles" if x.lab == "lab4_gru" else "values", roles)
        if another.form is not None and slug(another.form) == "deck":
            return asked("values", roles)
    for roles in others[: TRIED_WHOLE - 1] if told.form is None else ():
        another = asked("values", roles)
        if another.form is not None:
            return another
    return told


def role_values(found: Parts, roles: Roles, weights: Mapping[str, Numbers]) -> dict[str, Any]:
    """The weights as the oracle takes them; what the class does not have is zero."""
    rows, dim, classes = found.matrices[0].shape[0], found.dim, found.readout.shape[1]
    empty = {"W": np.zeros((rows, dim)), "b": np.zeros(dim), "b_cl": np.zeros(classes)}
    values: dict[str, Any] = {
        role: by_role(weights, path) if path else empty["b_cl" if role == "b_cl" else role[0]]
        for role, path in roles.items()
    }
    above = [(np.eye(dim), np.zeros(dim))] if found.above else []
    above += [
        (weights[layer.W], by_role(weights, layer.b) if layer.b else np.zeros(layer.shape[1]))
        for layer in found.head[:-1]
    ]
    return {**values, "head": above} if above else values


def by_role(weights: Mapping[str, Numbers], path: str) -> Numbers:
    value = weights[path]
    return value.reshape(-1) if value.shape[0] == 1 else value
