"""Lab2: what the interview of a network means for its dropout."""

from grader.judging.checks import blocked, check, failed, passed, unsure
from grader.judging.instruments.dropout import ASKED_RATE, SHRUNK, Dropping, Site
from grader.judging.kinds.perceptron.depth import with_layers
from grader.judging.kinds.perceptron.interview import ACCEPTED, LAB, Evidence, more_than_asked, where
from grader.model import Finding

NOT_KNOWN = "Not decided: what each layer does is not known before the logits are explained."
NOT_FOLLOWED = "What your network draws at random in training could not be followed to its layers."
NOT_SEEN = "No method of your class shows the logits while it trains, so dropout could not be observed."
TOO_MUCH = 0.72  # a share of dropped units that nobody chooses as a rate, written in the code where none can be set


@check(LAB, "dropout-in-training")
@with_layers(2)
def dropout_in_training(e: Evidence) -> Finding:
    """Only the first fault is told: whether dropout is at work, then its rate, then whether everywhere and rescaled."""
    d = e.dropping
    if d is None:
        return unsure(NOT_SEEN)
    followed = e.explanation in ACCEPTED
    shown = ", ".join(f"layer {i + 1}: {share(site, followed)}" for i, site in enumerate(d.hidden))
    if e.explanation is None and more_than_asked(e):
        return unsure(NOT_KNOWN)
    if not followed and noisy(d):
        return unsure(NOT_FOLLOWED)
    if d.one_mask:
        return unsure(NOT_FOLLOWED)
    if wrong := not_at_work(d, shown, where(e)) or other_rate(d, shown, where(e)):
        own_rate = wrong.mistake in ("rate-ignored", "dropout-twice")  # or a unit has other ways to the logits
        return unsure(NOT_KNOWN) if own_rate and e.explanation is None else wrong
    if not followed:  # without ReLU a hidden unit's mask cannot be followed through the next layer
        return passed(f"Units are dropped: {shown}.", seen=shown)
    rest = "the rest made smaller when classifying instead" if alike(d) else "the rest rescaled"
    return half_done(d, shown, where(e)) or passed(f"{shown[0].upper()}{shown[1:]}, {rest}.", seen=shown)


def share(site: Site, followed: bool) -> str:
    """In words; a unit that was dropped leaves no zero behind a layer for which zero is no rest, as the sigmoid."""
    if site.drops or followed or not site.varies:
        return f"{site.dropped:.0%} of the units dropped"
    return "how many units are dropped could not be measured"


def noisy(d: Dropping) -> bool:
    """Whether units vary from draw to draw, and none is dropped."""
    return any(site.varies for site in d.hidden) and not any(site.drops for site in d.hidden)


def not_at_work(d: Dropping, shown: str, cell: int | None) -> Finding | None:
    if d.on_logits > 0.02:
        seen = f"single logits are zero for {d.on_logits:.0%} of equal examples"
        return failed(mistake="dropout-on-logits", seen=seen, cell=cell)
    if noisy(d):
        return failed(mistake="dropout-on-input-only" if d.on_input else "noise-for-dropout", seen=shown, cell=cell)
    if not any(site.drops for site in d.hidden):
        return failed(mistake="dropout-never-on" if d.model_can else "dropout-missing", seen=shown, cell=cell)
    if d.as_run is not None and d.as_run <= 0.01:
        return failed(
            mistake="dropout-never-on", seen="no training of your notebook ran with a rate above 0", cell=cell
        )
    if d.vanishes:
        return failed(
            "Units are dropped until the first evaluation and never after it: what switches dropout off for "
            "`classify` has to be switched on again.",
            "dropout-never-on",
            cell=cell,
        )
    return None


def other_rate(d: Dropping, shown: str, cell: int | None) -> Finding | None:
    """Whether the share of dropped units belongs to the rate: the one asked for, handed over, or in the code."""
    share, rate = max(site.dropped for site in d.hidden), d.train_rate
    if d.settable and near(share, 1 - ASKED_RATE):
        return failed(mistake="keep-rate-confusion", seen=shown, cell=cell)
    if rate and 0 < rate < 1 and not near(share, rate):
        if not near(share, 1 - rate):
            follows = d.as_run is None or abs(d.as_run - share) > 0.05  # where the notebook itself asks for another
            named = "dropout-twice" if follows and near(share, 1 - (1 - rate) ** 2) else "rate-ignored"
            return failed(mistake=named, seen=f"asked for {rate:g}; {shown}", cell=cell)
        if share > 0.5:
            return failed(mistake="keep-rate-confusion", seen=f"asked for {rate:g}; {shown}", cell=cell)
    if share > TOO_MUCH and not d.settable and not rate:
        return failed(mistake="keep-rate-confusion", seen=shown, cell=cell)
    return None


def alike(d: Dropping) -> bool:
    """Whether what is not rescaled in training is scaled when classifying, so that both have the same mean."""
    return d.mean_at_test is not None and abs(d.mean_at_test / max(d.mean, 1e-6) - 1) < 0.15


def near(share: float, rate: float) -> bool:
    """Within five standard errors of a thousand draws."""
    return abs(share - rate) < 0.075


def half_done(d: Dropping, shown: str, cell: int | None) -> Finding | None:
    """Units are dropped with the right rate, but not after every layer, or the others are not rescaled."""
    if not all(site.drops for site in d.hidden):
        return failed(mistake="dropout-on-one-layer", seen=shown, cell=cell)
    if d.mean < SHRUNK and not alike(d):
        return failed(mistake="missing-rescaling", seen=f"activations shrink to {d.mean:.2f} of their mean", cell=cell)
    if d.mean > 1.15:
        return failed(
            "With dropout the activations grow: their mean should stay what it is without.",
            seen=f"activations grow to {d.mean:.2f} of their mean",
            cell=cell,
        )
    return None


@check(LAB, "dropout-off-at-test")
@with_layers(2)
def dropout_off_at_test(e: Evidence) -> Finding:
    d = e.dropping
    if reason := unseen(e):
        return unsure(reason)
    if d is None or not d.present:
        return blocked("Not checked because there is no dropout to switch off yet.")
    if not d.classifies:
        return failed("`classify` does not return a prediction for each example.", cell=where(e))
    if e.predicts is False:
        return failed("`classify` does not choose the class with the largest logit.", cell=where(e))
    if not d.at_test:
        return passed("`classify` answers equal examples equally.")
    if noisy(d):
        return failed(
            "Equal examples get different logits in `classify`: what is random is on there too.", cell=where(e)
        )
    if d.test_rate == 0:
        return failed(mistake="rate-ignored", seen="`classify` passes 0, units are dropped all the same", cell=where(e))
    return failed(mistake="dropout-at-test", seen="equal examples get different logits in `classify`", cell=where(e))


def unseen(e: Evidence) -> str | None:
    """Why it cannot be said whether units are dropped."""
    if e.explanation is None and more_than_asked(e):
        return NOT_KNOWN
    if e.dropping is None:
        return NOT_SEEN if len(e.chain) > 1 else None
    return NOT_FOLLOWED if e.dropping.one_mask else None
