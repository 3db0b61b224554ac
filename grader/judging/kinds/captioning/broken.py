"""Lab 6: a decoder's step that breaks off before it returns anything, by what its operations gave until then."""

from collections.abc import Mapping

import numpy as np
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.examiner import Examiner
from grader.judging.instruments.until_it_broke import SUMS
from grader.judging.kinds.captioning.contact import BATCH, NEUTRAL, PLACES, Decoder, Given, outputs, own_variables
from grader.sandbox.guest.wire import ListVariables, Put, VariableList


def begun_layers(x: Examiner, decoder: Decoder, given: Given) -> Decoder:
    """With the variables of the layers that were called before it broke off."""
    steps = [*decoder.made(), decoder.computed(given, ""), ListVariables("d", "v")]
    listed = x.ask(f"{decoder.info.name}.layers", *steps, seconds=60).values.get("v")
    return replace(decoder, variables=own_variables(listed)) if isinstance(listed, VariableList) else decoder


def until_it_broke(
    x: Examiner, decoder: Decoder, weights: Mapping[str, Numbers], given: Given
) -> tuple[Numbers | None, Numbers | None]:
    """The last logits and weights of the places that were computed, where there are such."""
    steps = [*decoder.made(), decoder.computed(given, ""), *(Put(path, send(v)) for path, v in weights.items())]
    seen = x.ask(f"{decoder.info.name}.until it broke", *steps, *NEUTRAL, decoder.computed(given, "r"), seconds=60)
    results = [found for value in outputs(seen) if (found := array(value)) is not None]
    logits = [r for r in results if r.size == BATCH * r.shape[-1] and r.shape[-1] == decoder.sizes.vocabulary]
    return next(reversed(logits), None), next(filter(are_weights, reversed(results)), None)


def are_weights(found: Numbers) -> bool:
    if len(found) != BATCH or found.size != BATCH * PLACES or found.min() < 0:
        return False
    return bool(np.allclose(found.reshape(BATCH, PLACES).sum(axis=1), 1, atol=SUMS))
