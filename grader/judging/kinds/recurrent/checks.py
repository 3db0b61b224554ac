"""Lab3 and Lab4: what the interview of a recurrent classifier means for each check."""

from functools import partial

from grader.judging.checks import blocked, check, failed, manual, passed, remarks, unattempted, understands, unsure
from grader.judging.comparing.compare import slug
from grader.judging.instruments.cut_gradients import cut_finding, cut_off
from grader.judging.instruments.first_step import (
    after_a_step,
    ends_a_step,
    names,
    stop,
    stopped,
    with_a_say,
    without_its_end,
)
from grader.judging.instruments.learning import about_the_start, falling
from grader.judging.instruments.trained_labels import mislabelled
from grader.judging.kinds.recurrent.equal import understood
from grader.judging.kinds.recurrent.gradients import without_penalty
from grader.judging.kinds.recurrent.interview import Evidence
from grader.judging.kinds.recurrent.layout import beyond_the_slide, inside_a_layer, plain, ready_layer, shares, unread
from grader.judging.kinds.recurrent.logits import DRAWN, LEFT_OPEN, judged_logits, where
from grader.judging.kinds.recurrent.penalty import LEAST, MEANS, averaged, factors, reached, unpenalised
from grader.judging.kinds.recurrent.remarks import extras, layouts
from grader.model import Finding, Remark, Verdict

RNN, GRU = "lab3_rnn", "lab4_gru"
UNUSED = {
    "reset-missing": "The reset gate is computed, perhaps, but the new state does without it.",
    "update-missing": "The update gate is computed, perhaps, but the new state does without it.",
}
MATRICES = ("W_rnn", "W_z", "W_r", "W_cl")
CORRUPTED = (
    "The file you were given is broken: two of its lines (`tf.Variableself.E`, `miniself.E`) were damaged before you "
    "got it. "
    "That is not your fault. Download the notebook again and carry your work over."
)

understands(RNN)(understood)
understands(GRU)(understood)


@check(RNN, "trains")
@check(GRU, "trains")
def trains(e: Evidence) -> Finding:
    if e.contact is None and e.corrupted:
        return failed(CORRUPTED)
    return ends_a_step(e.contact, e.crash, UNUSED.get(slug(e.explanation or ""), ""))


@check(RNN, "parameters")
@after_a_step
def parameters(e: Evidence) -> Finding:
    if ready_layer(e):
        return failed(mistake="ready-made-layer", cell=where(e))
    if (odd := beyond_the_slide(e)) and (e.parts is None or not e.parts.biases):
        return unsure(odd + LEFT_OPEN)
    if e.parts is None:
        return failed(
            "There is no matrix that takes a word vector and a state, [embedding + dim, dim], beside E and W_cl.",
            cell=where(e),
        )
    shape = f"[{e.parts.matrices[0].shape[0]}, {e.parts.dim}]"
    if not e.parts.biases:
        return failed(mistake="bias-missing", seen=f"a matrix {shape}, no bias [{e.parts.dim}]", cell=where(e))
    return passed(f"A recurrent matrix {shape} and a bias [{e.parts.dim}].")


@check(RNN, "recurrence")
@after_a_step
def recurrence(e: Evidence) -> Finding:
    if e.repeats is False:
        return failed(mistake="start-state-kept", cell=where(e))
    return judged_logits(e, "h_t = tanh([e_t; h_{t-1}] W_rnn + b)")


@check(GRU, "cell")
@after_a_step
def cell(e: Evidence) -> Finding:
    if plain(e) and not e.ready_layers:
        return failed("The cell is still the plain recurrent one: there are no gates yet.", cell=where(e))
    finding = judged_logits(e, "the deck's four equations")
    if finding.verdict is Verdict.PASS and e.repeats is False:
        return failed(mistake="start-state-kept", cell=where(e))
    if finding.verdict is Verdict.PASS and shares(e):
        return failed(mistake="shared-gate-matrix", cell=where(e))
    if finding.verdict is Verdict.PASS and None in (e.roles["b_z"], e.roles["b_r"], e.roles["b_rnn"]):
        return failed(mistake="bias-missing", cell=where(e))
    return finding


@check(RNN, "fresh-start")
@after_a_step
def fresh_start(e: Evidence) -> Finding:
    if e.repeats is None:
        return unsure("`classify` shows no logits, so whether each batch starts afresh could not be seen.")
    if not e.repeats:
        return failed(mistake="start-state-kept", cell=where(e))
    if e.drops and e.explanation is None:
        return failed(DRAWN, cell=where(e))
    if e.drops:
        return passed("Each batch starts from zeros; the logits differ by what is drawn at random on the way.")
    return passed("The same sentences get the same logits again.")


@check(GRU, "gates")
@after_a_step
def gates(e: Evidence) -> Finding:
    if (e.ready_layers and (e.parts is None or inside_a_layer(e.parts))) or (e.parts is None and e.ready_made):
        return failed(mistake="ready-made-layer", cell=where(e))
    if e.parts and e.parts.word_gate:
        return failed(mistake="reset-on-input", cell=where(e))
    count = len(e.parts.matrices) if e.parts else 0
    if count >= 3:
        return passed(f"{count} recurrent matrices.")
    if odd := beyond_the_slide(e):
        return unsure(odd + LEFT_OPEN)
    if e.parts and not plain(e):
        return failed(mistake=missing_gate(e), cell=where(e))
    return failed("There are no matrices for the update and the reset gate yet.", cell=where(e))


def missing_gate(e: Evidence) -> str:
    named = slug(e.explanation) if e.explanation else ""
    if named in ("update-missing", "reset-missing", "shared-gate-matrix"):
        return named
    if shares(e) or e.explanation is None:
        return "shared-gate-matrix"
    return "update-missing" if e.roles.get("W_z") is None else "reset-missing"


@check(RNN, "all-trained")
@check(GRU, "all-trained")
def all_trained(e: Evidence) -> Finding:
    if e.parts is None and unread(e):
        return unsure("Not decided: which variables the recurrent layer has is not known" + LEFT_OPEN)
    if e.parts is None or e.arrangement is None:
        return blocked("Not checked because the variables of a recurrent layer are not there.")
    if reason := stop(e.contact):
        right = slug(e.explanation or "") == "deck"
        return stopped(e.contact, reason, right, partial(untrained, e), where(e))
    forward = recurrence(e) if len(e.roles) == 5 else cell(e)
    if not (still := with_a_say(e.contact, e.standing, forward)):
        return whole(e)
    return untrained(e, still, "A training step changes nothing in {names}.")


def untrained(e: Evidence, still_paths: tuple[str, ...], told: str) -> Finding:
    shown = names(still_paths)
    still = {
        role
        for role, path in e.roles.items()
        if path and e.arrangement and {p.name for p in e.arrangement.pieces(path)} & set(still_paths)
    }
    seen = f"unchanged by a training step: {shown}"
    mistake = named_for(e, "embedding-not-trained" if still == {"E"} else None)
    return failed(told.format(names=shown), mistake, seen=seen, cell=where(e))


def whole(e: Evidence) -> Finding:
    right = e.explanation is not None and slug(e.explanation) == "deck"
    lacking = cut_off(without_penalty(e), e.plain, e.weights) if right else ()
    if lacking and e.arrangement:
        paths = [path for role in lacking if (path := e.roles[role])]
        return cut_finding([piece.name for path in paths for piece in e.arrangement.pieces(path)], where(e))
    if right:
        return passed("A training step moves every variable of the network, by the gradient of the cost.")
    return passed("A training step moves every variable of the network.")


def named_for(e: Evidence, embedding: str | None) -> str | None:
    """The slug of this lab for variables left out of training."""
    if len(e.roles) > 5:
        return "new-weights-not-trained" if embedding is None else None
    return embedding or "w-rnn-not-trained"


def unexplained(e: Evidence) -> Finding:
    if beyond_the_slide(e) or judged_logits(e, "").verdict is Verdict.UNSURE:
        return unsure("Not checked because the cell has to be understood first.")
    return blocked("Not checked because every matrix has to be there, and trained, before its penalty can be seen.")


@check(RNN, "given-penalty")
def given_penalty(e: Evidence) -> Finding:
    c = factors(e)
    if "W_rnn" not in c or "W_cl" not in c:
        return unexplained(e)
    if max(c["W_rnn"], c["W_cl"]) < LEAST and not any(reached(e, role) for role in ("W_rnn", "W_cl")):
        return failed(
            "The gradients of the cost hold nothing of the given L2 penalty on W_rnn and W_cl.", cell=where(e)
        )
    if free := [name for role in ("W_rnn", "W_cl") if c[role] < LEAST for name in unpenalised(e, role)]:
        return failed(f"The L2 penalty does not reach {' and '.join(free)}; the rest is penalised.", cell=where(e))
    return passed("W_rnn and W_cl are penalised as given.")


@check(GRU, "l2-four-matrices")
def four_matrices(e: Evidence) -> Finding:
    c = factors(e)
    if any(role not in c for role in MATRICES):
        return unexplained(e)
    free = [role for role in MATRICES if c[role] < LEAST]
    if free:
        names = " and ".join(name for role in free for name in unpenalised(e, role))
        return failed(mistake="new-weights-not-in-l2", seen=f"no penalty on {names}", cell=where(e))
    on_biases = [role for role in c if role.startswith("b") and c[role] > 0.05 * c["W_rnn"]]
    if on_biases:
        return failed(mistake="biases-in-l2", seen=f"a penalty on {' and '.join(on_biases)}", cell=where(e))
    if c.get("E", 0.0) > 0.05 * c["W_rnn"]:
        return failed("The embeddings are penalised too; the penalty belongs on the four matrices.", cell=where(e))
    if means := averaged(e, c):
        return failed(MEANS.format(names=", ".join(means)), cell=where(e))
    return passed(f"The gradient of each of the four matrices holds {c['W_rnn']:.2g} times the matrix.")


@check(GRU, "learning-curve")
def learning_curve(e: Evidence) -> Finding:
    if e.plots:
        return passed("There is a plot.")
    return manual("No plot was drawn while the notebook ran here; the slides ask for one of dev and train accuracy.")


@check(RNN, "learns")
@check(GRU, "learns")
def learns(e: Evidence) -> Finding:
    return without_its_end(e.contact) or mislabelled(e.mislabelled, where(e)) or falling(e.learning, where(e))


@remarks(RNN)
@remarks(GRU)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    found = [*extras(e), *layouts(e)]
    if e.corrupted:
        found.append(Remark("corrupted-starter", CORRUPTED))
    if e.parts:
        found += about_the_start(e.learning, e.parts.readout.shape[1])
    return tuple(found)


@unattempted(RNN)
def rnn_not_begun(e: Evidence) -> bool:
    """The handout's class as it was: with the course's damage, or making E, W_cl and b_cl and unable to train."""
    if e.contact is None:
        return e.corrupted and not e.assigned
    few = e.parts is None and 0 < len(e.contact.initial) <= 3 and not unread(e)
    return few and not e.contact.works


@unattempted(GRU)
def gru_not_begun(e: Evidence) -> bool:
    """The solved Lab3 that this lab starts from, and its logits."""
    given = e.contact is not None and e.contact.works and plain(e)
    return given and slug(e.explanation or "") == "update-missing"
