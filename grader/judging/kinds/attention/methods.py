"""Lab5: the methods that take examples as the notebook holds them, beside what `model` says of the same pairs."""

from collections.abc import Mapping

import numpy as np
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.examiner import Examiner
from grader.judging.instruments.pair_dropout import drops_at_test
from grader.judging.instruments.silence import whole
from grader.judging.kinds.attention.asking import answer_in
from grader.judging.kinds.attention.evidence import FEWER, Evidence, Same
from grader.judging.meeting.asking import data_steps, instance
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.forward import Forward, attender_of, weights
from grader.judging.meeting.watching import value_of
from grader.model import Observation, Status
from grader.sandbox.guest.wire import GUEST_FAULT, Call, Ref, Step, Trouble


def with_methods(x: Examiner, e: Evidence, forward: Forward, data: Numbers, given: Mapping[str, Numbers]) -> Evidence:
    """Fewer examples than before, and the methods that take examples as the notebook holds them."""
    contact, answer = e.contact, e.answer
    assert contact is not None and answer is not None

    def asked(name: str, *steps: Step) -> Observation:
        begin = [*whole(), *instance(contact, given, {}), *data_steps(contact, data, labels_of(data))]
        return x.ask(f"{contact.info.name}.{name}", *begin, *steps)

    seen = asked("fewer", forward.call(data[:FEWER], "r"))
    told = answer_in(seen, "r", FEWER, contact.features)
    e = replace(e, fewer=Same(same(told.logits, answer.logits), raised(seen)))
    if contact.classifier:
        seen = asked("classify", Call(f"c.{contact.classifier}", (Ref(f"training_set[:{FEWER}]"),), into="r"))
        e = replace(e, classify=Same(same_classes(array(value_of(seen, "r")), answer.logits), raised(seen)))
    if attender := attender_of(contact):
        seen = asked("attn", Call(f"c.{attender}", (Ref(f"training_set[:{FEWER}]"),), into="r"))
        attn = array(value_of(seen, "r"))
        told_attn = weights(attn, FEWER, contact.features) if attn is not None else None
        e = replace(e, get_attn=Same(same(told_attn, answer.attn), raised(seen)))
    return replace(e, drops=drops_at_test(x, contact, forward, data, given))


def as_classified(
    x: Examiner, contact: Contact, forward: Forward, data: Numbers, given: Mapping[str, Numbers]
) -> Forward | None:
    """The forward pass with the sentences as `classify` and `get_attn` give them, where training gives them otherwise.

    Where all pairs get one class, only the attention tells.
    """
    attender = attender_of(contact)
    if contact.classifier is None or attender is None:
        return None
    turned = replace(forward, places={place: 1 - side for place, side in forward.places.items()})
    begin = [*whole(), *instance(contact, given, {}), *data_steps(contact, data, labels_of(data))]
    calls = (Call(f"c.{name}", (Ref("training_set[:]"),), into=name) for name in (contact.classifier, attender))
    steps = forward.call(data, "straight"), turned.call(data, "turned"), *calls
    seen = x.ask(f"{contact.info.name}.order", *begin, *steps)
    classes, attn = (array(value_of(seen, name)) for name in (contact.classifier, attender))
    length = contact.features
    told = weights(attn, len(data), length) if attn is not None else None
    answers = (answer_in(seen, name, len(data), length) for name in ("straight", "turned"))
    fits = [(same_classes(classes, one.logits, len(data)), same(told, one.attn, len(data))) for one in answers]
    return turned if False in fits[0] and fits[1] == (True, True) else None


def raised(seen: Observation) -> Trouble | None:
    """Of the student's own code; a late or damaged reply and a fault of our guest's are none."""
    own = seen.status is Status.RAISED and seen.trouble is not None and seen.trouble.kind != GUEST_FAULT
    return seen.trouble if own else None


def same(few: Numbers | None, all_of_them: Numbers | None, count: int = FEWER) -> bool | None:
    if few is None or all_of_them is None:
        return None
    return few.shape == all_of_them[:count].shape and bool(np.allclose(few, all_of_them[:count], rtol=1e-3, atol=1e-4))


def same_classes(classes: Numbers | None, logits: Numbers | None, count: int = FEWER) -> bool | None:
    if classes is None or logits is None or classes.size != count:
        return None
    return bool(np.array_equal(classes.reshape(-1), np.argmax(logits[:count], axis=1)))


def labels_of(data: Numbers) -> Numbers:
    return np.arange(len(data)) % 3
