"""Lab2: what the interview of a network means for each check."""

from functools import partial

import numpy as np

from grader.judging.binding.slices import owner
from grader.judging.checks import (
    blocked,
    check,
    compares_gradients,
    extra,
    failed,
    passed,
    remarks,
    unattempted,
    understands,
    unsure,
)
from grader.judging.comparing.arrays import Numbers
from grader.judging.comparing.compare import closest, difference, nearest, slug
from grader.judging.instruments.first_step import (
    after_a_step,
    ends_a_step,
    names,
    stop,
    stopped,
    with_a_say,
    without_its_end,
)
from grader.judging.instruments.gradient_table import relative_errors
from grader.judging.instruments.learning import about_the_start, falling
from grader.judging.instruments.trained_labels import mislabelled
from grader.judging.kinds.perceptron import dropout_checks  # noqa: F401 - the checks of dropout
from grader.judging.kinds.perceptron.depth import unread, with_layers
from grader.judging.kinds.perceptron.dropout_checks import NOT_KNOWN
from grader.judging.kinds.perceptron.equal import understood
from grader.judging.kinds.perceptron.interview import ACCEPTED, LAB, Evidence, more_than_asked, where
from grader.model import Finding, Remark, Verdict

understands(LAB)(understood)


@check(LAB, "trains")
def trains(e: Evidence) -> Finding:
    return ends_a_step(e.contact)


@check(LAB, "hidden-layers")
@after_a_step
def hidden_layers(e: Evidence) -> Finding:
    sizes = " → ".join(
        str(n) for n in (*[layer.shape[0] for layer in e.chain], *[layer.shape[1] for layer in e.chain[-1:]])
    )
    if unread(e):
        return unsure(
            "Your variables do not follow each other as in xW₀, h₀W₁, h₁W₂ (cut otherwise, perhaps), so they could not "
            "be told apart; your instructor will look at it."
        )
    if len(e.chain) == 2:
        return failed(mistake="one-hidden-layer", seen=sizes, cell=where(e))
    if len(e.chain) < 2:
        return failed(
            "The network leads from the words straight to the logits: there is no hidden layer yet.",
            seen=sizes,
            cell=where(e),
        )
    bare = [i for i, layer in enumerate(e.chain) if layer.b is None]
    if bare:
        return failed(mistake="bias-missing", seen=sizes, cell=where(e))
    return passed(f"Layers: {sizes}.", seen=sizes)


@check(LAB, "initial-weights")
@with_layers(2)
def initial_weights(e: Evidence) -> Finding:
    if e.symmetric:
        return failed(
            mistake="zero-weights", seen=", ".join(path.removeprefix("c.") for path in e.symmetric), cell=where(e)
        )
    return passed("The hidden layers start from different random weights.")


@check(LAB, "forward")
@with_layers(3)
def forward(e: Evidence) -> Finding:
    if e.logits is None:
        return unsure(
            "No method of your class returns the logits [examples, classes], so the forward pass could not be asked "
            "on its own."
        )
    if e.explanation in ACCEPTED:
        what = "probabilities" if e.explanation == "probabilities" else "logits"
        return passed(f"The {what} are those of the deck's equations, entry by entry.")
    told = difference("Logits", e.logits, e.values["deck"]["logits"], axes=("batch", "classes"))
    if e.explanation:
        return failed("", slug(e.explanation), seen=e.explanation, difference=told, cell=where(e))
    if more := more_than_asked(e):
        return unsure(
            f"Your network has more variables than the layers the lab asks for ({more}), and its logits could not be "
            "explained; your instructor will look at it."
        )
    return failed(
        "The logits differ from h₁W₂ + b₂ after two ReLU layers, as the deck's equations give them.",
        difference=told,
        cell=where(e),
        closest=closest({"logits": e.logits}, e.values),
    )


@check(LAB, "loss-gradients")
@with_layers(2)
def loss_gradients(e: Evidence) -> Finding:
    seen = connected(e)
    if e.masked or e.mislabelled:
        return passed("The gradient of the output is that of the mean cross-entropy of your logits.")
    if e.explanation is None and more_than_asked(e):
        return unsure(NOT_KNOWN)
    if e.logits is not None and e.explanation not in ACCEPTED:
        return second_mistake(e, seen)
    if reason := not_comparable(e):
        return unsure(reason)
    if not seen:
        return failed("No gradient reaches the network's variables.", cell=where(e))
    name = nearest(seen, e.steps)
    if name == "deck" or (name is None and penalised(e)):
        return passed("Every gradient is that of the mean cross-entropy.")
    if name:
        return failed(mistake=slug(name), cell=where(e))
    role, gradient = max(seen.items(), key=lambda item: gap(item[1], e.steps["deck"][item[0]]))
    return failed(
        f"The gradient of {role} is not that of the mean cross-entropy of your logits.",
        difference=difference(f"Gradient of {role}", gradient, e.steps["deck"][role], axes=("inputs", "outputs")),
        cell=where(e),
    )


def not_comparable(e: Evidence) -> str | None:
    if e.chain[-1].shape[1] == 1:
        return (
            "Your network gives one number for both classes, so its gradients could not be compared; your instructor "
            "will look at it."
        )
    if not e.gradients:
        return (
            "Your network was trained on other data than ours, or with a mask of its own, so its gradients could not "
            "be compared; your instructor will look at it."
        )
    return None


@compares_gradients(LAB)
def gradient_errors(e: Evidence) -> dict[str, float]:
    """Where the forward pass is right; of layers in one variable the worst."""
    if e.explanation not in ACCEPTED or "deck" not in e.steps or e.masked:
        return {}
    found: dict[str, float] = {}
    for role, error in relative_errors(connected(e), e.steps["deck"]).items():
        layer = e.chain[int(role[1:])]
        path = owner((layer.W if role.startswith("W") else layer.b) or "")
        found[path] = max(error, found.get(path, 0.0))
    return found


def second_mistake(e: Evidence, seen: dict[str, Numbers]) -> Finding:
    """The cost of a network that is not the slide's, where it is known what it computes."""
    name = nearest(seen, e.steps) if seen and e.explanation else None
    if name == "softmax-before-loss":
        return failed(mistake=name, cell=where(e))
    if name == "deck":
        return passed("Every gradient is that of the mean cross-entropy of the logits that your network has.")
    return blocked("Not checked because the logits have to be those of the equations first.")


def gap(seen: np.ndarray, expected: np.ndarray) -> float:
    return float(np.max(np.abs(seen - expected))) if seen.shape == expected.shape else float("inf")


def penalised(e: Evidence) -> bool:
    """Biases as the cross-entropy alone gives them, matrices with c·W on top: an L2 penalty kept from Assignment 1."""
    biases = {role: g for role, g in e.gradients.items() if role.startswith("b") and g is not None}
    if not biases or nearest(biases, e.steps) != "deck":
        return False
    matrices = [(role, g) for role, g in e.gradients.items() if role in e.weights and g is not None]
    return all(is_share(g - e.steps["deck"][role], e.weights[role]) for role, g in matrices)


def is_share(rest: Numbers, W: Numbers) -> bool:
    """Whether the rest is c·W with c ≥ 0."""
    c = float(np.sum(rest * W) / np.sum(W * W))
    return c > -1e-5 and float(np.max(np.abs(rest - c * W))) < 1e-4 + 0.01 * abs(c)


def connected(e: Evidence) -> dict[str, Numbers]:
    return {role: g for role, g in e.gradients.items() if g is not None}


@check(LAB, "all-trained")
@with_layers(2)
def all_trained(e: Evidence) -> Finding:
    if reason := stop(e.contact):
        return stopped(e.contact, reason, e.explanation in ACCEPTED, partial(unreached, e), where(e))
    if still := with_a_say(e.contact, e.standing, forward(e)):
        return failed("", "variable-not-trained", seen=f"unchanged by a training step: {names(still)}", cell=where(e))
    which = "that the logits depend on" if e.standing else "of the network"
    return passed(f"A training step moves every weight and bias {which}.")


def unreached(e: Evidence, paths: tuple[str, ...], _: str) -> Finding:
    return failed("", "variable-not-trained", seen=f"no gradient reaches {names(paths)}", cell=where(e))


@check(LAB, "learns")
@with_layers(2)
def learns(e: Evidence) -> Finding:
    return without_its_end(e.contact) or mislabelled(e.mislabelled, where(e)) or falling(e.learning, where(e))


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    return (*about_layers(e), *about_cost(e))


def about_layers(e: Evidence) -> list[Remark]:
    found = []
    if len(e.chain) > 3:
        found.append(
            extra("more-layers", f"{len(e.chain) - 1} hidden layers instead of two: the deck invites trying that.")
        )
    sizes = [layer.shape[1] for layer in e.chain[:-1]]
    if len(e.chain) == 3 and sizes != [50, 50]:
        found.append(
            Remark(
                "other-sizes",
                f"Hidden layers of {sizes[0]} and {sizes[1]} units instead of 50 and 50: tuning is welcome.",
            )
        )
    if e.chain and e.chain[-1].shape[1] == 5:
        found.append(extra("five-way", "Five classes instead of two: the extra is done."))
    return found


def about_cost(e: Evidence) -> list[Remark]:
    found = []
    if e.explanation == "probabilities" and loss_gradients(e).verdict is Verdict.PASS:
        found.append(
            Remark(
                "probabilities",
                "Your model returns probabilities instead of logits; with your cost that is a valid form.",
            )
        )
    if e.gradients and penalised(e) and nearest(connected(e), e.steps) is None:
        found.append(
            Remark("l2-kept", "The L2 penalty of Assignment 1 is still in the cost: it goes well with dropout.")
        )
    return [*found, *about_the_start(e.learning, 2)]


@unattempted(LAB)
def nothing_begun(e: Evidence) -> bool:
    """One layer, as the solved Assignment1 that this lab starts from has it, and its logits."""
    few = e.contact is not None and e.contact.works and len(e.chain) == 1 and len(e.contact.initial) <= 2
    return few and e.explanation == "deck"
