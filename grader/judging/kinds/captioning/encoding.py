"""Lab 6: an encoder of the notebook's class that fits a decoder of ours, in its sizes."""

import re
from collections.abc import Mapping

from grader.judging.kinds.captioning.contact import DEPTH as OF_INCEPTION
from grader.judging.kinds.captioning.contact import SMALL, Decoder, Sizes, handed_to, shrunk
from grader.judging.kinds.captioning.loop import Loop
from grader.sandbox.guest.wire import Call, Make, Put, Ref, Step, Value
from grader.sandbox.guest.wire import Mapping as WireMapping

DEPTH = 9  # of the features that it is given
INNER = "(lambda d: next(part for part in list(vars(d).values()) if type(part).__name__ == {!r}))"


def encoder_of(decoder: Decoder, loop: Loop) -> Step:
    """One of ours, or that of a decoder which holds it and trains both."""
    name = loop.encoder_class.name
    if loop.encoder_maker:  # the depth may be written into it
        return Call(re.sub(rf"\b{OF_INCEPTION}\b", str(DEPTH), loop.encoder_maker), (), {}, "e", keep=True)
    if loop.inner:
        return Call(INNER.format(name), (Ref("d"),), {}, "e", keep=True)
    return Make("e", name, (), sized(decoder, loop))


def sized(decoder: Decoder, loop: Loop) -> dict[str, Value]:
    """What it wants to be told: the decoder's width, or settings that hold it."""
    handed = handed_to(decoder.inventory, loop.encoder_class)
    found: dict[str, Value] = {}
    for name in (p.name for p in loop.encoder_class.parameters if p.required):
        value = handed.get(name)
        found[name] = as_small(decoder, value) if isinstance(value, WireMapping) else decoder.sizes.embedding
    return found


def as_small(decoder: Decoder, settings: WireMapping) -> WireMapping:
    """As small as the decoder is."""
    return shrunk(settings) if decoder.sizes == Sizes(**SMALL) else settings


def settings_read(settings: Mapping[str, Value]) -> list[Step]:
    """Most likely they have the same name where the notebook reads them as a global."""
    return [Put(name, value) for name, value in settings.items() if isinstance(value, WireMapping)]
