"""Lab2: what the interview of a network means for each check."""

import numpy as np

from grader.judging.arrays import Numbers
from grader.judging.checks import blocked, check, failed, passed, remarks, unattempted, unsure
from grader.judging.compare import difference, nearest, slug
from grader.judging.dropout import ASKED_RATE, Dropping, Site
from grader.judging.first_step import takes_a_step
from grader.judging.learning import about_the_start, falling
from grader.judging.mlp import ACCEPTED, LAB, Evidence
from grader.judging.watching import first_gradients
from grader.model import Finding, Remark, Verdict

NOT_KNOWN = "Not decided: what each layer does is not known before the logits are explained."
TOO_MUCH = 0.72  # a share of dropped units that nobody chooses as a rate, written in the code where none can be set


def where(e: Evidence) -> int | None:
    return e.contact.info.cell if e.contact else None


@check(LAB, "trains")
def trains(e: Evidence) -> Finding:
    return takes_a_step(e.contact)


@check(LAB, "hidden-layers")
def hidden_layers(e: Evidence) -> Finding:
    sizes = " → ".join(
        str(n) for n in (*[layer.shape[0] for layer in e.chain], *[layer.shape[1] for layer in e.chain[-1:]])
    )
    if len(e.chain) == 2:
        return failed(mistake="one-hidden-layer", seen=sizes, cell=where(e))
    if not e.chain and e.contact and sum(len(v.shape) == 2 for v in e.contact.initial) > 2:
        return unsure(
            "Your matrices do not follow each other as in xW₀, h₀W₁, h₁W₂ (turned round, perhaps), so they could not "
            "be told apart; your instructor looks at it."
        )
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
def initial_weights(e: Evidence) -> Finding:
    if e.symmetric:
        return failed(
            mistake="zero-weights", seen=", ".join(path.removeprefix("c.") for path in e.symmetric), cell=where(e)
        )
    return passed("The hidden layers start from different random weights.")


@check(LAB, "forward")
def forward(e: Evidence) -> Finding:
    if e.logits is None:
        return unsure(
            "No method of your class returns the logits [examples, classes], so the forward pass could not be asked "
            "on its own."
        )
    if e.explanation in ACCEPTED:
        what = "probabilities" if e.explanation == "probabilities" else "logits"
        return passed(f"The {what} are those of the deck's equations, entry by entry.")
    told = difference("Logits", e.logits, e.values["deck"]["logits"])
    if e.explanation:
        return failed("", slug(e.explanation), seen=e.explanation, difference=told, cell=where(e))
    if more := more_than_asked(e):
        return unsure(
            f"Your network has more variables than the layers the lab asks for ({more}), and its logits could not be "
            "explained; your instructor looks at it."
        )
    return failed(
        "The logits differ from h₁W₂ + b₂ after two ReLU layers, as the deck's equations give them.",
        difference=told,
        cell=where(e),
    )


def more_than_asked(e: Evidence) -> str:
    """Trained variables that belong to no layer, as those of a normalisation: an extra we cannot compute."""
    seen = first_gradients(e.contact.watched) if e.contact and e.contact.watched else {}
    layers = {path for layer in e.chain for path in (layer.W, layer.b)}
    return ", ".join(path.removeprefix("c.") for path, g in seen.items() if g is not None and path not in layers)


@check(LAB, "loss-gradients")
def loss_gradients(e: Evidence) -> Finding:
    seen = {role: g for role, g in e.gradients.items() if g is not None}
    if e.masked:
        return passed("The gradient of the output is that of the mean cross-entropy of your logits.")
    if e.explanation is None and more_than_asked(e):
        return unsure(NOT_KNOWN)
    if not e.gradients:
        return unsure(
            "Your network was trained on other data than ours, or with a mask of its own, so its gradients could not "
            "be compared; your instructor looks at it."
        )
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
        difference=difference(f"Gradient of {role}", gradient, e.steps["deck"][role]),
        cell=where(e),
    )


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


@check(LAB, "all-trained")
def all_trained(e: Evidence) -> Finding:
    if e.standing:
        names = ", ".join(f"`{path.replace('c.', 'self.', 1)}`" for path in e.standing)
        return failed("", "variable-not-trained", seen=f"unchanged by a training step: {names}", cell=where(e))
    return passed("A training step moves every weight and bias of the network.")


@check(LAB, "dropout-in-training")
def dropout_in_training(e: Evidence) -> Finding:
    """Only the first fault is told: whether dropout is at work, then its rate, then whether everywhere and rescaled."""
    d = e.dropping
    if d is None:
        return unsure("No method of your class shows the logits while it trains, so dropout could not be observed.")
    followed = e.explanation in ACCEPTED
    shown = ", ".join(f"layer {i + 1}: {share(site, followed)}" for i, site in enumerate(d.hidden))
    if e.explanation is None and more_than_asked(e):
        return unsure(NOT_KNOWN)
    if not followed and not any(site.drops for site in d.hidden) and any(site.varies for site in d.hidden):
        return unsure("What your network draws at random in training could not be followed to its layers.")
    if wrong := not_at_work(d, shown, where(e)) or other_rate(d, shown, where(e)):
        return wrong
    if not followed:  # without ReLU a hidden unit's mask cannot be followed through the next layer
        return passed(f"Units are dropped: {shown}.", seen=shown)
    return half_done(d, shown, where(e)) or passed(
        shown[0].upper() + shown[1:] + ", the rest rescaled.",
        seen=shown,
    )


def share(site: Site, followed: bool) -> str:
    """In words; a unit that was dropped leaves no zero behind a layer for which zero is no rest, as the sigmoid."""
    if site.drops or followed or not site.varies:
        return f"{site.dropped:.0%} of the units dropped"
    return "how many units are dropped could not be measured"


def not_at_work(d: Dropping, shown: str, cell: int | None) -> Finding | None:
    if d.on_logits > 0.02:
        seen = f"single logits are zero for {d.on_logits:.0%} of equal examples"
        return failed(mistake="dropout-on-logits", seen=seen, cell=cell)
    if not any(site.drops for site in d.hidden):
        return failed(mistake="dropout-never-on" if d.model_can else "dropout-missing", seen=shown, cell=cell)
    if d.as_run is not None and d.as_run <= 0.01:
        return failed(
            mistake="dropout-never-on", seen="no training of your notebook ran with a rate above 0", cell=cell
        )
    return None


def other_rate(d: Dropping, shown: str, cell: int | None) -> Finding | None:
    """Whether the share of dropped units belongs to the rate: the one asked for, handed over, or in the code."""
    share, rate = max(site.dropped for site in d.hidden), d.train_rate
    if d.settable and near(share, 1 - ASKED_RATE):
        return failed(mistake="keep-rate-confusion", seen=shown, cell=cell)
    if rate and 0 < rate < 1 and not near(share, rate):
        if not near(share, 1 - rate):
            return failed(mistake="rate-ignored", seen=f"asked for {rate:g}; {shown}", cell=cell)
        if share > 0.5:
            return failed(mistake="keep-rate-confusion", seen=f"asked for {rate:g}; {shown}", cell=cell)
    if share > TOO_MUCH and not d.settable and not rate:
        return failed(mistake="keep-rate-confusion", seen=shown, cell=cell)
    return None


def near(share: float, rate: float) -> bool:
    """Within five standard errors of a thousand draws."""
    return abs(share - rate) < 0.075


def half_done(d: Dropping, shown: str, cell: int | None) -> Finding | None:
    """Units are dropped with the right rate, but not after every layer, or the others are not rescaled."""
    if not all(site.drops for site in d.hidden):
        return failed(mistake="dropout-on-one-layer", seen=shown, cell=cell)
    if d.mean < 0.9:
        return failed(mistake="missing-rescaling", seen=f"activations shrink to {d.mean:.2f} of their mean", cell=cell)
    if d.mean > 1.15:
        return failed(
            "With dropout the activations grow: their mean should stay what it is without.",
            seen=f"activations grow to {d.mean:.2f} of their mean",
            cell=cell,
        )
    return None


@check(LAB, "dropout-off-at-test")
def dropout_off_at_test(e: Evidence) -> Finding:
    d = e.dropping
    if e.explanation is None and more_than_asked(e):
        return unsure(NOT_KNOWN)
    if d is None or not d.present:
        return blocked("Not checked because there is no dropout to switch off yet.")
    if not d.classifies:
        return failed("`classify` does not return a prediction for each example.", cell=where(e))
    if e.predicts is False:
        return failed("`classify` does not choose the class with the largest logit.", cell=where(e))
    if not d.at_test:
        return passed("`classify` answers equal examples equally.")
    if d.test_rate == 0:
        return failed(mistake="rate-ignored", seen="`classify` passes 0, units are dropped all the same", cell=where(e))
    return failed(mistake="dropout-at-test", seen="equal examples get different logits in `classify`", cell=where(e))


@check(LAB, "learns")
def learns(e: Evidence) -> Finding:
    return falling(e.learning, where(e))


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    return (*about_layers(e), *about_cost(e))


def about_layers(e: Evidence) -> list[Remark]:
    found = []
    if len(e.chain) > 3:
        found.append(
            Remark("more-layers", f"{len(e.chain) - 1} hidden layers instead of two: the deck invites trying that.")
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
        found.append(Remark("five-way", "Five classes instead of two: the extra is done."))
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
    if (
        e.gradients
        and penalised(e)
        and nearest({r: g for r, g in e.gradients.items() if g is not None}, e.steps) is None
    ):
        found.append(
            Remark("l2-kept", "The L2 penalty of Assignment 1 is still in the cost: it goes well with dropout.")
        )
    return [*found, *about_the_start(e.learning, 2)]


@unattempted(LAB)
def nothing_begun(e: Evidence) -> bool:
    return e.contact is not None and e.contact.works and len(e.chain) == 1 and len(e.contact.initial) <= 2
