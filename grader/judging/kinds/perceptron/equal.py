"""Lab2: what has to be known of a classifier that is trained outside its notebook, its dropout included."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.judging.binding.arrangements import Arrangement
from grader.judging.binding.layers import Chain
from grader.judging.binding.slices import owner
from grader.judging.comparing.arrays import Numbers
from grader.judging.equal.bags import Bags, counted, of_all_words
from grader.judging.equal.understood import NotShown, Understood
from grader.judging.instruments.dropout import ASKED_RATE, ROWS, Dropping, Site, is_rate
from grader.judging.kinds.perceptron.interview import Evidence, more_than_asked
from grader.sandbox.guest.wire import Scalar

if TYPE_CHECKING:  # which knows what was understood of the classifier
    from grader.judging.examiner import Examiner

OFF_BY = 4 * np.sqrt(ASKED_RATE * (1 - ASKED_RATE) / ROWS)  # a share that so many draws show
NO_RATE = "no attribute that tells the rate of its dropout was found"


class Perceptron(Bags, frozen=True, kw_only=True):
    rates: tuple[str, ...]  # attributes that hold the rate of the dropout

    def settings(self, w: Mapping[str, Numbers], scalars: Mapping[str, Scalar]) -> dict[str, Any]:
        found = {round(rate_of(name, v), 6) for name in self.rates if type(v := scalars.get(name)) in (int, float)}
        if len(found) != 1 or not 0 <= (rate := found.pop()) < 1:
            raise NotShown(NO_RATE)
        return {"hidden": tuple(w[f"W{i}"].shape[1] for i in range(depth(w))), "dropout": rate}

    def logits(self, x: "Examiner", ids: Numbers, w: Mapping[str, Numbers]) -> Numbers:
        words, counts = counted(ids)
        return x.answers("values", x=counts, layers=layers(w, words))["deck"]["logits"]

    def gradients(
        self, x: "Examiner", ids: Numbers, labels: Numbers, w: Mapping[str, Numbers]
    ) -> Mapping[str, Numbers]:
        words, counts = counted(ids)
        plain = x.answers("step", x=counts, layers=layers(w, words), labels=labels)["deck"]
        last = depth(w)
        found = {role_of(f"{kind}{i}", last): plain[f"{kind}{i}"] for i in range(last + 1) for kind in "Wb"}
        return {**found, "W0": of_all_words(found["W0"], words, w["W0"])}


def understood(e: Evidence) -> Understood | None:
    """None where the network is not the slide's, or there is more to it, or its dropout is not what was asked for."""
    contact, chain = e.contact, e.chain
    if contact is None or e.explanation != "deck" or e.standing or e.symmetric or more_than_asked(e):
        return None
    rates = tuple(name for name, v in contact.scalars.items() if is_rate(name) and type(v) in (int, float))
    if len(chain) < 2 or not plain(chain) or not e.predicts or e.masked is not None or not rates:
        return None
    if e.dropping is None or not after_each_layer(e.dropping):
        return None
    last = len(chain) - 1
    roles = {role_of(f"{kind}{i}", last): path for i, layer in enumerate(chain)
             for kind, path in (("W", layer.W), ("b", layer.b or ""))}  # fmt: skip
    quiet = {name: 1.0 if "keep" in name.lower() else 0.0 for name in rates}
    return Understood(contact, Arrangement(tuple(contact.initial)), roles, Perceptron(rates=rates), quiet=quiet)


def plain(chain: Chain) -> bool:
    """Each matrix and each bias is a variable of its own, as the slide has it."""
    paths = [path for layer in chain for path in (layer.W, layer.b)]
    return None not in paths and all(path == owner(path) for path in paths if path) and not any(
        layer.turned for layer in chain
    )  # fmt: skip


def after_each_layer(d: Dropping) -> bool:
    """Each hidden layer drops what it is told to, scales the rest, and nothing else drops; nothing when classifying."""
    elsewhere = d.on_logits > OFF_BY / 4 or d.on_input or d.at_test or d.vanishes or d.one_mask
    return d.settable and not elsewhere and all(map(as_asked, d.hidden))


def as_asked(site: Site) -> bool:
    return bool(abs(site.dropped - ASKED_RATE) < OFF_BY and abs(site.kept * (1 - ASKED_RATE) - 1) < OFF_BY)


def rate_of(name: str, value: Scalar) -> float:
    return 1 - float(value or 0) if "keep" in name.lower() else float(value or 0)


def layers(w: Mapping[str, Numbers], words: Numbers) -> list[tuple[Numbers, Numbers]]:
    last = depth(w)
    found = [(w[role_of(f"W{i}", last)], w[role_of(f"b{i}", last)]) for i in range(last + 1)]
    return [(found[0][0][words], found[0][1]), *found[1:]]


def role_of(name: str, last: int) -> str:
    """W0, b0, …, and those of the last layer as in every other lab."""
    return f"{name[0]}_cl" if name[1:] == str(last) else name


def depth(w: Mapping[str, Numbers]) -> int:
    """Hidden layers."""
    return len(w) // 2 - 1
