"""Lab3 and Lab4: what the logits of a recurrent classifier show, as a finding."""

from grader.judging.checks import failed, passed, unsure
from grader.judging.comparing.compare import closest, difference, slug
from grader.judging.kinds.recurrent.interview import Evidence
from grader.judging.kinds.recurrent.layout import beyond_the_slide, ready_layer
from grader.judging.kinds.recurrent.levelled import OTHER
from grader.model import Difference, Finding

DRAWN = (
    "The same sentences get other logits each time: something that they depend on is drawn at random whenever the "
    "model runs, such as the start state or a weight."
)
LEFT_OPEN = "; your instructor will look at it."
LOGITS = ("batch", "classes")


def where(e: Evidence) -> int | None:
    return e.contact.info.cell if e.contact else None


def judged_logits(e: Evidence, formula: str) -> Finding:
    explained = bool(e.explanation) and slug(e.explanation or "") == "deck"
    if ready_layer(e) or (e.ready_made and not explained and len(e.roles) != 5):
        return failed(mistake="ready-made-layer", cell=where(e))
    odd = beyond_the_slide(e)
    if odd and e.levelled not in (None, "deck"):
        return levelled_logits(e, formula)
    if odd and e.parts is None:
        return unsure(odd + LEFT_OPEN)
    if e.parts is None:
        return failed("The variables of a recurrent layer are not there.", cell=where(e))
    return understood_logits(e, formula, odd)


def understood_logits(e: Evidence, formula: str, odd: str | None) -> Finding:
    explained = bool(e.explanation) and slug(e.explanation or "") == "deck"
    if e.logits is None:
        return unsure(
            "No method of your class returns the logits [batch, classes], so the recurrence could not be asked "
            "on its own."
        )
    if explained and e.drops:
        return failed(mistake="dropout-at-test", cell=where(e))
    if explained:
        return passed(f"The logits are those of {formula}, unrolled over every word.", seen=e.explanation or "")
    told = difference("Logits", e.logits, e.values["deck"]["logits"], axes=LOGITS) if e.values else None
    if e.explanation:
        return failed("", slug(e.explanation), seen=e.explanation, difference=told, cell=where(e))
    if odd:
        return unsure(odd + LEFT_OPEN)
    return other_logits(e, formula, told)


def levelled_logits(e: Evidence, formula: str) -> Finding:
    """Of a layout that could not be read, whose logits are wrong in any."""
    if e.levelled != OTHER:
        return failed("", e.levelled, cell=where(e))
    told = f"With one number in all of your variables the logits are not those of {formula}, whichever is which."
    return failed(told, cell=where(e))


def other_logits(e: Evidence, formula: str, told: Difference | None) -> Finding:
    if e.drops or e.logits is None:
        return failed(DRAWN, cell=where(e))
    return failed(
        f"The logits are not those of {formula}, unrolled over every word.",
        difference=told,
        cell=where(e),
        closest=closest({"logits": e.logits}, e.values),
    )
