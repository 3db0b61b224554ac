"""Lab1: what the gradient of `tf_fn` says, and what it means where there is none."""

from grader.judging.checks import check, failed, passed, unsure
from grader.judging.comparing.arrays import array
from grader.judging.comparing.compare import difference, nearest
from grader.judging.kinds.density.evidence import LAB, SESSION, Evidence
from grader.model import OUT_OF_TIME, Finding, Status


@check(LAB, "tf-gradient")
def tf_gradient(e: Evidence) -> Finding:
    seen = array(e.gradient.values.get("dx"))
    if seen is None:
        return without_gradient(e)
    deck = e.gradients["deck"]["dx"]
    name = nearest({"dx": seen}, e.gradients)
    if name == "deck":
        return passed("The gradient is −x·p(x), as it should be.")
    if e.numpy_touched:
        return failed(mistake="numpy-in-tf", cell=e.tensorflow.cell)
    return failed(
        "The gradient differs from −x·p(x).",
        difference=difference("Gradient of Σp(x)", seen, deck),
        cell=e.tensorflow.cell,
    )


def without_gradient(e: Evidence) -> Finding:
    """Right where x wrapped anew leads to the numbers, or no tensor is taken; a question without answer is neither."""
    status = e.gradient.status
    wrapped = status is Status.ANSWERED and e.gradient.values.get("dx") is None
    refused = status is Status.RAISED and any(
        a.form == "float32 tensor" and a.observation.status is Status.RAISED for a in e.tensorflow.asked
    )
    if e.numpy_touched:
        return failed(mistake="numpy-in-tf", cell=e.tensorflow.cell)
    if status in OUT_OF_TIME:
        return unsure("`tf_fn` gave no answer in time when we looked at how it computes its numbers.")
    if e.in_a_session:
        return failed(SESSION, cell=e.tensorflow.cell)
    if (e.numpy_touched is None and (wrapped or refused)) or (wrapped and e.led is None):
        return unsure("It could not be seen how `tf_fn` computes its numbers. Your instructor will look at it.")
    if (wrapped or refused) and e.led is False:
        return failed(mistake="gradient-stopped", cell=e.tensorflow.cell)
    if wrapped or refused:
        return passed(
            "TensorFlow does all of the work; `x` is wrapped again inside, so its own gradient is not followed."
        )
    return failed("`tf_fn` gives numbers, but stops when its gradient is asked for.", cell=e.tensorflow.cell)
