"""Where a network drops units, how many, and whether it rescales.

The weights we set let one unit at a time through to the logits. Every row of the batch is the same example, so rows
differ only by their masks. All weights are positive, so that ReLU is the identity, and layers are averages: a logit is
then mask · scale of the one unit that is let through.
"""

import re
from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.layers import Chain
from grader.judging.binding.slices import put_together
from grader.judging.comparing.arrays import Numbers, array, number, send
from grader.judging.examiner import Examiner
from grader.judging.instruments.dropout_steps import Lasting, one_mask, question_lasting
from grader.judging.meeting.asking import classifying, loop_attributes, training
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import logits_in, other_input, watched_in
from grader.sandbox.guest.wire import Call, Scalar, Watch, Watched

ROWS = 1000
MANY_EPOCHS = 1000
INPUT = -1  # in the place of a hidden layer
OWN_BATCH = 256  # the batch size at which our own was not taken
ASKED_RATE = 0.3
SHRUNK = 0.9  # of a mean that should stay what it is
DROPOUT_NAME = re.compile(r"(drop|keep|^dr\d*$|rate|^p\d*$|prob)", re.IGNORECASE)
NOT_DROPOUT = re.compile(r"learn|^lr|decay|freq|test|eval|dev|infer|pred", re.IGNORECASE)


class Settings(Struct, frozen=True):
    contact: Contact
    attributes: Mapping[str, Scalar]
    found: bool  # whether anything that sets a dropout rate was found
    more: Mapping[str, Scalar] = {}  # those of the attributes that set no rate


class Site(Struct, frozen=True):
    """What one place does to a unit over many draws."""

    dropped: float  # share of draws in which it is zero
    kept: float  # its mean factor when it is not
    varies: bool = False  # its value differs from draw to draw

    @property
    def drops(self) -> bool:
        return self.dropped > 0.02


class Dropping(Struct, frozen=True):
    hidden: tuple[Site, ...]  # after each hidden layer, in training, with the rate set to ASKED_RATE where it can be
    on_logits: float  # share of examples in which exactly one logit is zero
    settable: bool
    as_run: float | None  # largest share dropped with the settings the notebook trained with; None: not known
    model_can: bool  # `model` itself drops when it is given a rate
    at_test: bool  # `classify` differs between equal examples
    classifies: bool  # `classify` returns a prediction for each example
    test_rate: float | None  # the rate that `classify` hands to `model`
    train_rate: float | None  # the rate that training hands to `model`
    mean: float  # of a logit whose expectation is 1 when everything is rescaled
    mean_at_test: float | None = None  # of the same logit when classifying, where `mean` is no longer 1
    vanishes: bool = False  # no unit is dropped any more after the first evaluation in a training
    on_input: bool = False  # the examples lose numbers before the first layer
    one_mask: bool = False  # all examples of a step have the same units dropped, so that rows do not tell

    @property
    def present(self) -> bool:
        return any(site.varies for site in self.hidden) or self.on_logits > 0.02 or self.model_can


def is_rate(name: str) -> bool:
    return bool(DROPOUT_NAME.search(name)) and not NOT_DROPOUT.search(name)


def dropout_settings(contact: Contact, rate: float) -> Settings:
    """The contact with every dropout rate set: attributes and constructor arguments named like one (keep: 1 − rate)."""

    def value(name: str) -> float:
        return 1 - rate if "keep" in name.lower() else rate

    attributes: dict[str, Scalar] = {
        name: value(name) for name, old in contact.scalars.items() if is_rate(name) and type(old) in (int, float)
    }
    recipe = contact.recipe
    for name in recipe.parameters[1:]:
        default = next((p.default for p in contact.info.parameters if p.name == name), None)
        if is_rate(name) and any(type(v) in (int, float) for v in (recipe.argument(name), default)):
            recipe = recipe.changed(name, value(name))
            attributes.pop(name, None)
    found = bool(attributes) or recipe != contact.recipe
    return Settings(replace(contact, recipe=recipe), attributes, found)


def question_dropout(x: Examiner, contact: Contact, chain: Chain) -> Dropping | None:
    """None when the network has no hidden layer or trains on no method of its own that shows logits."""
    loud, drawn_of = first_draws(x, dropout_settings(contact, ASKED_RATE), chain)
    if not drawn_of or any(z is None for z, _ in drawn_of):
        return None
    known = [z for z, _ in drawn_of if z is not None]
    watched = drawn_of[0][1]
    sites = tuple(site(z[:, 0]) for z in known)
    dropping = [layer for layer, found in enumerate(sites) if found.drops]
    at_test, classifies, test_rate = tested(x, loud, chain)
    mean = float(np.mean(known[-1][:, 0]))
    lasting = Lasting()
    if dropping and not at_test:
        lasting = question_lasting(x, loud.contact, loud.attributes, chain, one_unit(chain, dropping[-1]))
    return Dropping(
        sites,
        float(np.mean((known[-1] == 0).sum(axis=1) % known[-1].shape[1] != 0)),
        loud.found,
        as_run(x, contact, chain, dropping[-1], loud.more) if dropping else None,
        model_drops(x, loud, chain, watched),
        at_test or lasting.remains,
        classifies,
        test_rate,
        passed_rate(watched, under_tape=True),
        mean,
        classified_mean(x, loud, chain) if dropping and mean < SHRUNK else None,
        lasting.vanishes,
        any(found.varies for found in sites) and drops_input(x, loud, chain),
        not any(found.varies for found in sites) and one_mask(x, loud.contact, loud.attributes, chain),
    )


def drops_input(x: Examiner, loud: Settings, chain: Chain) -> bool:
    z, _ = draws(x, loud, chain, INPUT)
    return z is not None and site(z[:, 0]).drops


def first_draws(
    x: Examiner, loud: Settings, chain: Chain
) -> tuple[Settings, list[tuple[Numbers | None, Watched | None]]]:
    """Of each hidden layer; as of many epochs where one alone drops nothing, for a rate that falls to 0 in the last."""
    many = {name: v for name, v in loop_attributes(loud.contact, 0, MANY_EPOCHS).items() if v == MANY_EPOCHS}
    first = None
    for settings in (loud, replace(loud, attributes={**loud.attributes, **many}, more=many)):
        found = [draws(x, settings, chain, unit) for unit in range(len(chain) - 1)]
        if any(z is None or site(z[:, 0]).varies for z, _ in found):
            return settings, found
        first = first or (settings, found)
    assert first is not None
    return first


def drawn(watched: Watched | None, contact: Contact) -> Numbers | None:
    """Logits of the equal rows; of probabilities, their logarithms.

    These are of the first class against none, as far as they tell.
    """
    z = logits_in(watched, equal_rows(contact)[0], under_tape=True)
    if z is None or not np.allclose(z.sum(axis=1), 1, atol=1e-4) or np.any(z <= 0):
        return z
    logs = np.log(z.astype(np.float64))
    steps = logs[:, 1] - logs[:, 0]  # the second logit is twice the first
    steps[np.abs(steps) < 1e-6] = 0
    return np.outer(steps, np.arange(1, z.shape[1] + 1))


def site(column: Numbers) -> Site:
    kept = column[column != 0]
    varies = float(np.ptp(column)) > 1e-5 * float(np.max(np.abs(column)) or 1)
    return Site(float(np.mean(column == 0)) if varies else 0.0, float(np.mean(kept)) if kept.size else 0.0, varies)


def one_unit(chain: Chain, layer: int) -> dict[str, Numbers]:
    """Weights with which only the first unit of hidden layer `layer` reaches the logits, as 1, 2, … for the classes.

    Of INPUT the first number of an example.
    """
    weights: dict[str, Numbers] = {}
    for i, place in enumerate(chain):
        rows, columns = place.shape
        W = np.full((rows, columns), 1.0 / rows, np.float32)
        if i == len(chain) - 1:
            W[:] = np.arange(1, columns + 1) / rows
        if i == layer + 1:
            W[1:] = 0
            W[0] *= rows
        weights[place.W] = place.turn(W)
        if place.b:
            weights[place.b] = np.zeros(columns, np.float32)
    return weights


def equal_rows(contact: Contact) -> tuple[Numbers, Numbers]:
    """ROWS equal examples, or as many as the notebook's own batch has where ours is not taken."""
    rows = ROWS if contact.batch < OWN_BATCH else contact.batch
    return np.ones((rows, contact.features), np.float32), np.zeros(rows, np.int64)


def draws(x: Examiner, settings: Settings, chain: Chain, layer: int) -> tuple[Numbers | None, Watched | None]:
    """Logits of at least ROWS draws, and the last of the watched steps they come from."""
    contact = settings.contact
    weights = put_together(contact.initial, one_unit(chain, layer))
    data, labels = equal_rows(contact)
    parts: list[Numbers] = []
    watched = None
    for seed in range(-(-ROWS // len(data))):
        *steps, watch = training(contact, data, labels, weights=weights, attributes=settings.attributes)
        assert isinstance(watch, Watch)
        name = f"{contact.info.name}.dropout.{layer}.{seed}.{sorted(settings.attributes.items())}"
        watched = watched_in(x.ask(name, *steps, replace(watch, seed=seed)))
        z = drawn(watched, contact) if other_input(watched, data) is None else None
        if z is None:
            return None, watched
        parts.append(z)
    return np.concatenate(parts), watched


def as_run(x: Examiner, contact: Contact, chain: Chain, layer: int, more: Mapping[str, Scalar]) -> float:
    """Largest share of this layer dropped with the dropout settings of any training the notebook itself ran.

    When it ran none: with its defaults.
    """
    runs: list[Settings] = []
    for made in [c for c in contact.inventory.constructions if c.cls == contact.info.name][-12:]:
        recipe = contact.recipe
        for name in filter(is_rate, recipe.parameters):
            given = replace(recipe, args=made.args, kwargs=made.kwargs).argument(name)
            default = next((p.default for p in contact.info.parameters if p.name == name), None)
            value = default if given is None else given
            recipe = recipe.changed(name, value) if value is not None else recipe
        runs.append(Settings(replace(contact, recipe=recipe), {}, True))
    for t in [t for t in contact.inventory.trainings if t.cls == contact.info.name][-12:]:
        runs.append(
            Settings(contact, {name: v for name, v in t.scalars.items() if is_rate(name) and v is not None}, True)
        )
    distinct = {str((s.contact.recipe, dict(s.attributes))): s for s in runs or [Settings(contact, {}, False)]}
    shares = []
    for settings in list(distinct.values())[-8:]:
        z, _ = draws(x, replace(settings, attributes={**settings.attributes, **more}), chain, layer)
        shares.append(site(z[:, 0]).dropped if z is not None else 0.0)
    return max(shares)


def model_drops(x: Examiner, settings: Settings, chain: Chain, trained: Watched | None) -> bool:
    """Whether the forward method drops units when the rate is handed to it, though training may never do so."""
    call = next((c for c in trained.calls if c.under_tape), None) if trained else None
    contact = settings.contact
    parameters = contact.info.methods.get(call.method, ()) if call else ()
    rate = next(
        (p.name for p in parameters[1:] if re.search(r"rate|drop|keep|prob|^p$|train", p.name, re.IGNORECASE)), None
    )
    if call is None or rate is None:
        return False
    value: Scalar = True if re.search("train", rate) else 1 - ASKED_RATE if "keep" in rate else ASKED_RATE
    weights = put_together(contact.initial, one_unit(chain, len(chain) - 2))
    rows = equal_rows(contact)
    steps = training(contact, *rows, weights=weights, attributes=settings.attributes)[:-1]
    called = Call(f"c.{call.method}", (send(rows[0]),), {rate: value}, into="z")
    z = array(x.ask(f"{contact.info.name}.model", *steps, called).values.get("z"))
    return z is not None and z.ndim == 2 and site(z[:, 0]).drops


def tested(x: Examiner, settings: Settings, chain: Chain) -> tuple[bool, bool, float | None]:
    """When classifying: (equal examples answered differently, a prediction for each, the rate that reaches `model`)."""
    contact = settings.contact
    drawn = {layer.W: layer.turn(x.normal(f"test {layer.W}", layer.shape, 1.0)) for layer in chain}
    weights = put_together(contact.initial, drawn)
    data, labels = (part[:256] for part in equal_rows(contact))
    seen = watched_in(
        x.ask(
            f"{contact.info.name}.classify",
            *classifying(contact, data, labels, weights=weights, attributes=settings.attributes),
        )
    )
    z = logits_in(seen, data, under_tape=False)
    predictions = array(seen.returned) if seen else None
    classifies = predictions is not None and predictions.size == len(labels)
    rate = passed_rate(seen, under_tape=False)
    rows = z if z is not None else predictions.reshape(-1, 1) if classifies and predictions is not None else None
    if rows is None:
        return False, classifies, rate
    return bool(np.max(np.ptp(rows, axis=0)) > 1e-4 * max(float(np.max(np.abs(rows))), 1e-6)), classifies, rate


def classified_mean(x: Examiner, settings: Settings, chain: Chain) -> float | None:
    """Of a logit that is `mean` in training: as much where units are made smaller when classifying, as in 2014."""
    contact = settings.contact
    weights = put_together(contact.initial, one_unit(chain, len(chain) - 2))
    data, labels = (part[:256] for part in equal_rows(contact))
    steps = classifying(contact, data, labels, weights=weights, attributes=settings.attributes)
    z = logits_in(watched_in(x.ask(f"{contact.info.name}.classify.mean", *steps)), data, under_tape=False)
    return float(np.mean(z[:, 0])) if z is not None else None


def passed_rate(watched: Watched | None, under_tape: bool) -> float | None:
    """The number that the forward method got beside its input."""
    calls = [c for c in watched.calls if c.under_tape == under_tape and array(c.result) is not None] if watched else []
    call = next((c for c in calls if c.method == "model"), calls[-1] if calls else None)
    passed = [number(v) for v in (*call.args[1:], *call.kwargs.values())] if call else []
    return next((v for v in passed if v is not None), None)
