"""Lab 6: the interview of a captioner, above all of the decoder's step that students write."""

import ast
import re
from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.checks import interview
from grader.judging.comparing.arrays import Numbers, array, send
from grader.judging.comparing.compare import agree
from grader.judging.examiner import Examiner
from grader.judging.instruments.learning import Learning
from grader.judging.kinds.captioning.broken import begun_layers, until_it_broke
from grader.judging.kinds.captioning.calling import STEPS_TAKEN
from grader.judging.kinds.captioning.contact import (
    BATCH,
    NEUTRAL,
    Decoder,
    Given,
    calls_on,
    candidates,
    data,
    meet,
    outputs,
    placed,
)
from grader.judging.kinds.captioning.context import changes, context_of, read_by_the_cell, two_layers
from grader.judging.kinds.captioning.explained import Seen, Step_, explained, what_is
from grader.judging.kinds.captioning.graphs import with_graphs
from grader.judging.kinds.captioning.photos import Captioned, question_captions
from grader.judging.kinds.captioning.roles import case_of
from grader.judging.kinds.captioning.saved import Restored, question_checkpoint
from grader.judging.kinds.captioning.training import Asked, Steps, question_training
from grader.judging.meeting.source import trees
from grader.model import Cell
from grader.sandbox.guest.wire import Put

LAB = "lab6_captioning"
ROLES = ("E", "W1", "b1", "W2", "b2", "v", "bv", "K", "R", "b", "F1", "f1", "F2", "f2")
FROM_LOGITS = re.compile(r"from_logits\s*=\s*True")
CHANGED = ("words", "features", "hidden", "first")  # what is other in a second call; `first`: all of the first example


class Evidence(Struct, frozen=True):
    decoder: Decoder | None
    seen: Seen | None = None
    step: Step_ | None = None
    steps: Steps | None = None
    learning: Learning | None = None
    captions: Captioned | None = None
    restored: Restored | None = None
    begun: bool = False  # the step calls something of its own object
    logits_wanted: bool = True  # a loss of the notebook says so
    unfinished: bool = False  # its step breaks off before it returns anything; what it computed until then is compared

    @property
    def cell(self) -> int | None:
        return self.decoder.info.cell if self.decoder else None

    @property
    def works(self) -> bool:
        return self.seen is not None and not self.unfinished


@interview(LAB)
def interview_captioner(x: Examiner) -> Evidence:
    survey = x.survey()
    survey = None if survey is None else with_graphs(survey, x.cells)
    if survey is None or not candidates(survey):
        return Evidence(None)
    best: Evidence | None = None
    for info in candidates(survey):
        evidence = question(x, meet(x, survey, info))
        if best is None or worth(evidence) > worth(best):
            best = evidence
        if worth(best) == 3:
            break
    assert best is not None and best.decoder is not None
    wanted = any(FROM_LOGITS.search(cell.source) for cell in x.cells)
    best = replace(best, begun=begun(best.decoder, x.cells), logits_wanted=wanted)
    if not best.works:
        return best
    best = trained(x, best)
    captions = question_captions(x, best.decoder)  # type: ignore[arg-type]
    return replace(best, captions=captions, restored=question_checkpoint(x, best.decoder))  # type: ignore[arg-type]


def begun(decoder: Decoder, cells: tuple[Cell, ...]) -> bool:
    """Whether the decoder's step, as it is written, calls any of its own layers."""
    classes = [
        node for _, tree in trees(cells) for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == decoder.info.name
    ]  # fmt: skip
    if not classes:  # a function of the student's own makes it
        return True
    functions = [f for f in ast.walk(classes[-1]) if isinstance(f, ast.FunctionDef)]
    called = [
        node.func.value.id for f in functions if f.name in STEPS_TAKEN for node in ast.walk(f)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    ]  # fmt: skip
    return any(name == (f.args.args[0].arg if f.args.args else "") for f in functions for name in called)


def worth(e: Evidence) -> int:
    """Where several classes could be the decoder, the one that answers like one is judged."""
    if e.seen is None or e.step is None:
        return 0
    return 1 + (e.step.attention is not None) + bool(e.step.form)


def question(x: Examiner, decoder: Decoder) -> Evidence:
    if decoder.trouble:
        return unfinished(x, decoder)
    weights = {v.path: drawn(x, v.path, v.shape) for v in decoder.variables}
    given = data(x, decoder.sizes, "asked")
    seen = asked(x, decoder, weights, given)
    if seen is None:
        return Evidence(decoder)
    step = explained(x, decoder, weights, given, seen)
    if not (step.form or step.headed or step.attention):
        step = beside_the_word(x, decoder, weights, calls_on(x, decoder, given), seen, step)
    return Evidence(decoder, seen, step)


def unfinished(x: Examiner, decoder: Decoder) -> Evidence:
    given = data(x, decoder.sizes, "asked")
    decoder = begun_layers(x, decoder, given)
    weights = {v.path: drawn(x, v.path, v.shape) for v in decoder.variables}
    logits, attention = until_it_broke(x, decoder, weights, given) if weights else (None, None)
    if attention is None:
        return Evidence(decoder)
    seen = Seen((), logits, None, attention)
    return Evidence(decoder, seen, explained(x, decoder, weights, given, seen), unfinished=True)


def drawn(x: Examiner, path: str, shape: tuple[int, ...]) -> Numbers:
    """Weights under which every part of the step shows."""
    if len(shape) < 2 or shape[0] == 2:
        return x.normal(path, shape, 0.3)
    return x.normal(path, shape, (4.0 if shape[1] == 1 else 1.5) / np.sqrt(shape[0]))


def asked(x: Examiner, decoder: Decoder, weights: Mapping[str, Numbers], given: Given) -> Seen | None:
    calls = calls_on(x, decoder, given)
    answer = x.ask(
        f"{decoder.info.name}.step", *decoder.made(), decoder.called(given, ""),
        *(Put(path, send(value)) for path, value in weights.items()),
        decoder.called(given, "noise"), replace(decoder.called(given, "again"), seed=1), *NEUTRAL,
        *(decoder.called(call, name) for name, call in calls.items()), seconds=60,
    )  # fmt: skip
    returned = [array(value) for value in outputs(answer)]
    if not returned:
        return None
    logits, state, attention = placed(returned, decoder)
    changes: dict[str, bool] = {}
    looks: dict[str, bool] = {}
    for name in CHANGED:
        again, _, looking = placed([array(value) for value in outputs(answer, name)], decoder)
        for values, values_now, found in ((logits, again, changes), (attention, looking, looks)):
            if values is not None and values_now is not None and values.shape == values_now.shape:
                rows = slice(1, None) if name == "first" and len(values) == BATCH else slice(None)
                found[name] = not agree(values_now[rows], values[rows], 1e-4)
    noise, other = (placed([array(v) for v in outputs(answer, name)], decoder)[0] for name in ("noise", "again"))
    noisy = noise is not None and other is not None and not agree(noise, other)
    shapes = tuple(None if r is None else r.shape for r in returned)
    return Seen(shapes, logits, state, attention, changes, looks, noisy)


def beside_the_word(
    x: Examiner, decoder: Decoder, weights: Mapping[str, Numbers], calls: Mapping[str, Given], seen: Seen, step: Step_
) -> Step_:
    """The step of an attention that no form gives, where state and logits follow from what its cell reads."""
    reads = read_by_the_cell(x, decoder, weights, calls) if {"K", "R"} <= step.roles.keys() else None
    embeddings = [w for w in weights.values() if w.ndim == 2 and len(w) >= decoder.sizes.vocabulary]
    found = [contexts for E in embeddings if reads and (contexts := context_of(reads, calls, E)) is not None]
    if not reads or not found or seen.logits is None or seen.logits.size != BATCH * seen.logits.shape[-1]:
        return step
    case = case_of(x, decoder, weights, step.roles) | {"hidden": calls["r"][2], "read": reads["r"]}
    logits = seen.logits.reshape(BATCH, -1)
    for start, answer in x.answers("cell", **case).items():
        if two_layers(answer["state"], logits, decoder, weights):
            told = what_is(seen.state, answer["state"], case)
            return replace(step, state=told, reads=start, own_attention=True, context=changes(found[0]))
    return step


def trained(x: Examiner, e: Evidence) -> Evidence:
    assert e.decoder is not None and e.step is not None
    weights = {v.path: drawn(x, v.path, v.shape) for v in e.decoder.variables}
    case = case_of(x, e.decoder, weights, e.step.roles)
    form = None if e.step.own_attention else e.step.form
    known = Asked(weights, case, e.step.roles, form, e.step.attention, e.decoder.sizes.vocabulary)
    steps, learning = question_training(x, e.decoder, known)
    return replace(e, steps=steps, learning=learning)
