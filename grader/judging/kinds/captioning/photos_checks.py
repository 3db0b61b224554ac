"""Lab 6: what the notebook's own captions and checkpoints show, as findings."""

from pathlib import Path

import numpy as np

from grader.figures import AttentionMap
from grader.judging.checks import attends, check, failed, passed, unsure
from grader.judging.kinds.captioning.interview import LAB, Evidence
from grader.judging.kinds.captioning.photos import END, Captioned, plain
from grader.model import Finding


@check(LAB, "captions")
def captions(e: Evidence) -> Finding:
    c = e.captions
    if c is None:
        return unsure("No function that describes a photo was found, or no photo to give it.")
    if c.strange:
        return failed(f"{c.strange}: no words with a map of 64 weights for each.", cell=e.cell)
    if c.trouble:
        return caption_trouble(c)
    bad = [one for one in c.captions if not np.allclose(one.weights.sum(axis=1), 1, atol=1e-2)]
    if bad:
        return failed(f"The map of {bad[0].photo} has rows that do not sum to 1.", cell=e.cell)
    if c.same == "word":
        told = f"{c.function}() gives the decoder the same word before each step: the words that it says never go in."
        return failed(told, cell=e.cell)
    if c.same == "state" and e.step is not None and e.step.state == "state":
        told = f"{c.function}() gives the decoder the same state before each step: what it returns never goes in."
        return failed(told, cell=e.cell)
    told = "\n".join(f"{one.photo}: {' '.join(one.words)}" for one in c.captions)
    return passed(
        "Each photo gets words, and each word a map of where the decoder looked."
        + (" The words themselves say nothing: training was cut to a few steps here." if c.untrained else ""),
        seen=told,
    )


def caption_trouble(c: Captioned) -> Finding:
    assert c.trouble is not None
    told = f"{c.function}() of a photo of the course ended with {c.trouble.kind}: {plain(c.trouble.message)}"
    ours = c.trouble.kind in ("KeyError", "IndexError", "late", "died", "malformed", "FileNotFoundError")
    if ours or (c.trouble.kind == "NameError" and "is not defined" in c.trouble.message):
        return unsure(f"{told}; that may lie in how your notebook was run here.")
    return failed(told, cell=c.trouble.cell)


@check(LAB, "checkpoint")
def checkpoint(e: Evidence) -> Finding:
    r = e.restored
    if r is None:
        return unsure("Your notebook's own decoder could not be looked at.")
    if not r.saved:
        return failed("Nothing is saved any more while it trains: a training that is interrupted cannot continue.")
    if r.right is None:
        return unsure("Your notebook saves its model in another way than the handout, which could not be tried here.")
    if r.right and r.looked_up and not r.restored:
        return failed(
            "Your notebook looks up its latest checkpoint and continues counting from there, but no line restores it: "
            "what continues is an untrained decoder."
        )
    if r.right and r.by_notebook is False:
        return failed("What your checkpoint saved can be brought back, but your lines that restore do not do it.")
    if r.right:
        return passed("What your checkpoint saved came back.")
    return failed(
        "Numbers saved by your checkpoint did not come back from it: compare its parts with the cell handed out."
    )


@attends(LAB)
def maps(e: Evidence) -> tuple[AttentionMap, ...]:
    """Rows are the words of a caption, columns the places of the photo, row by row."""
    places = tuple(f"row {row + 1}, column {column + 1}" for row in range(8) for column in range(8))
    if e.captions is None:
        return ()
    found = []
    for one in e.captions.captions:
        weights = tuple(tuple(float(weight) for weight in row) for row in one.weights)
        said = " ".join(word for word in one.words if word != END)
        found.append(AttentionMap(
            Path(one.photo).stem, one.words, places, weights, said, one.picture, e.captions.untrained
        ))  # fmt: skip
    return tuple(found)
