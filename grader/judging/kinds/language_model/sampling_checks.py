"""Assignment 3: what the interview of a language model means for its dropout and its sampler."""

from grader.judging.checks import blocked, check, failed, passed, unsure
from grader.judging.comparing.compare import slug
from grader.judging.instruments.first_step import after_a_step
from grader.judging.kinds.language_model.dropout import RATE, Dropout
from grader.judging.kinds.language_model.interview import LAB, Evidence
from grader.judging.kinds.language_model.sampling import Sampling
from grader.model import Finding


@check(LAB, "dropout")
@after_a_step
def dropout(e: Evidence) -> Finding:
    d = e.dropout
    if d is None:
        return unsure(
            "Dropout could not be asked about: the guesses, or the variables around them, were not understood."
        )
    if d.stays:
        return unsure("Your model drops at a rate of 0 as well, so it is not clear where.")
    if d.on_states and (e.unclear or (e.layout and e.layout.tied)):  # words could not be set to zeros alone
        return unsure(
            "Your class holds more than is asked for, or other things, so it is not clear where dropout is applied."
        )
    if d.on_states:
        return failed(mistake="dropout-on-state", cell=e.cell)
    if d.on_logits:
        return failed(mistake="dropout-on-logits", cell=e.cell)
    if not d.on_output and not d.on_input:
        return failed(mistake="dropout-missing", cell=e.cell)
    return as_strong_as_asked(e, d)


def as_strong_as_asked(e: Evidence, d: Dropout) -> Finding:
    seen = f"with rate {RATE:g}: {d.share:.0%} dropped, the others times {d.factor:.3g}"
    if abs(d.factor - 1) < 0.02:
        return failed(mistake="missing-rescaling", seen=seen, cell=e.cell)
    if abs(d.factor - 1 / RATE) < 0.05:
        return failed(mistake="keep-rate-confusion", seen=seen, cell=e.cell)
    if d.on_input:
        return passed("Dropout falls on the embeddings, and on no state.")
    return passed(
        "Dropout falls on the way from the states to the guesses; the states themselves stay whole.", seen=seen
    )


@check(LAB, "sampler")
@after_a_step
def sampler(e: Evidence) -> Finding:
    s = e.sampling
    if s is None:
        return unsure("The sampler could not be asked: the guesses, or the variables around them, were not understood.")
    if s.missing:
        return failed("Your class has no method that samples any more.", cell=e.cell)
    if not s.sentences:
        return failed(silence(s), cell=e.cell)
    if not s.told:
        return unsure("Whether the sampler continues from its states could not be asked.")
    if s.way is None and not e.form:
        told = "Not checked because sentences are compared with the guesses, and these were not explained."
        return unsure(told) if (e.unclear or e.unexplained) and not e.peeks else blocked(told)
    if s.way is None:
        return failed("The sentences are not drawn from what the model guesses after the words so far.", cell=e.cell)
    if slug(s.way) != "deck":
        return failed(mistake=slug(s.way), seen=s.way, cell=e.cell)
    return passed("Each word is drawn from the guess that follows all words before it.", seen=s.sentences[0])


def silence(s: Sampling) -> str:
    if s.late or (s.trouble and s.trouble.kind == "TimeoutError"):
        return "`sample` did not return a sentence within seconds: it tries again and again."
    return f"`sample` ended with {s.trouble.kind}: {s.trouble.message[:300]}" if s.trouble else "`sample` says nothing."


@check(LAB, "sampling-dropout")
@after_a_step
def sampling_dropout(e: Evidence) -> Finding:
    if e.sampling is None:
        return unsure("Whether anything is dropped while sampling could not be asked.")
    if not e.sampling.sentences:
        return blocked("Not checked because the sampler returned no sentence.")
    if e.sampling.drops is None:
        return unsure("Whether anything is dropped while sampling could not be asked.")
    if e.sampling.drops:
        return failed(mistake="dropout-while-sampling", cell=e.cell)
    if e.dropout and e.dropout.stays:
        return unsure("Your model drops at a rate of 0 as well, so whether the sampler does could not be asked.")
    if e.dropout and not (e.dropout.on_states or e.dropout.on_output or e.dropout.on_input or e.dropout.on_logits):
        return blocked("Not checked because there is no dropout.")
    return passed("With the same random numbers, sampling without any dropout gives the same sentences.")
