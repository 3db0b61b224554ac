"""Lab 6: decoders with an attention that no formula here gives: what their GRU or LSTM reads tells the context."""

from collections.abc import Iterator, Mapping

import numpy as np

from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.comparing.compare import agree
from grader.judging.examiner import Examiner
from grader.judging.kinds.captioning.contact import BATCH, NEUTRAL, Decoder, Given, flat
from grader.judging.kinds.captioning.head import Layer, leads_to
from grader.judging.kinds.captioning.roles import cell_of, groups, units_of
from grader.sandbox.guest.wire import Call, Listing, Put, Read, Ref, Step, Value

SPACE = "__import__('types').SimpleNamespace"
LAYERS = ("GRU", "LSTM", "GRUCell", "LSTMCell")
READING = (
    "(lambda plain, reads: lambda s, x, *a, **k: (reads.append(x), plain(s, x, *a, **k))[1])"
    "(__import__('keras').layers.{0}.__call__, reads.inputs)"
)


def read_by_the_cell(
    x: Examiner, decoder: Decoder, weights: Mapping[str, Numbers], calls: Mapping[str, Given]
) -> dict[str, Numbers] | None:
    """What the first recurrent layer was given that holds the word, [B, K] for each of these calls."""
    noting = (Put(f"__import__('keras').layers.{name}.__call__", Ref(READING.format(name))) for name in LAYERS)
    steps: list[Step] = [*decoder.made(), decoder.called(calls["r"], "")]
    steps += [Put(path, send(value)) for path, value in weights.items()]
    steps += [*NEUTRAL, Call(SPACE, (), {"inputs": Listing(())}, "reads", keep=True), *noting]
    for name, call in calls.items():
        steps += [decoder.called(call, ""), Read("[*reads.inputs]", name), Call("reads.inputs.clear", ())]
    seen = x.ask(f"{decoder.info.name}.context", *steps, seconds=60)
    found = {name: next(rows(seen.values.get(name)), None) for name in calls}
    return found if all(read is not None for read in found.values()) else None  # type: ignore[return-value]


def rows(reads: Value | object) -> Iterator[Numbers]:
    for value in flat(reads):
        read = array(value)
        if read is not None and read.dtype.kind == "f" and len(read) == BATCH and read.size == BATCH * read.shape[-1]:
            yield read.reshape(BATCH, -1)


def context_of(reads: Mapping[str, Numbers], calls: Mapping[str, Given], E: Numbers) -> dict[str, Numbers] | None:
    """What stands beside the embedded word; None where the word is not found at either end."""
    width, words = E.shape[1], {name: E[call[0][:, 0].astype(int)] for name, call in calls.items()}
    for word, rest in ((slice(-width, None), slice(None, -width)), (slice(None, width), slice(width, None))):
        if all(agree(read[:, word], words[name]) and read[:, rest].size for name, read in reads.items()):
            return {name: read[:, rest] for name, read in reads.items()}
    return None


def changes(contexts: Mapping[str, Numbers]) -> dict[str, bool]:
    """Whether the context is another one in each call but the first; for `first`, whether that of the rest is."""
    begin = {name: slice(1, None) if name == "first" else slice(None) for name in contexts}
    return {
        name: not agree(one[begin[name]], contexts["r"][begin[name]], 1e-4)
        for name, one in contexts.items() if name != "r"
    }  # fmt: skip


def two_layers(state: Numbers, logits: Numbers, decoder: Decoder, weights: Mapping[str, Numbers]) -> bool:
    """Whether dense layers of the decoder's, two where it has two that fit, make the logits of the state."""
    dense = [
        Layer(weights[g.matrices[0].path], weights[g.vectors[0].path] if g.vectors else np.zeros(1))
        for g in groups(decoder.variables) if len(g.matrices) == 1 and not cell_of(g, units_of(decoder))
    ]  # fmt: skip
    last = [layer for layer in dense if layer.F.shape[1] == logits.shape[1]]
    first = [layer for layer in dense if layer.F.shape[0] == state.shape[1] and layer.F.shape[1] != logits.shape[1]]
    pairs = [(one, two) for one in first for two in last if one.F.shape[1] == two.F.shape[0]]
    tried: list[tuple[Layer, ...]] = [*pairs] or [(two,) for two in last]
    return any(leads_to(state, logits, layers) for layers in tried)
