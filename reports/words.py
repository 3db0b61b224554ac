"""Which words people read for an outcome, a verdict, a level, a score: the one source for pages and terminal."""

import math
from collections.abc import Mapping

from grader.figures import GradientRow
from grader.model import CellRun, CellStatus, Isolation, Level, Outcome, Report, Scorecard, Verdict
from grader.sandbox.guest.wire import Trouble

OUTCOMES = {
    Outcome.OK: "ran to the end",
    Outcome.FAILED_CELLS: "ran, some cells failed",
    Outcome.TIMEOUT: "stopped: time was up",
    Outcome.OUT_OF_MEMORY: "stopped: out of memory",
    Outcome.DIED: "stopped: the kernel died",
    Outcome.UNREADABLE: "could not be read",
    Outcome.UNATTEMPTED: "not started yet",
    Outcome.GRADER_ERROR: "the grader failed, not the student",
}

OUTCOME_SENTENCES = {
    Outcome.OK: "Your notebook ran from top to bottom without an error.",
    Outcome.FAILED_CELLS: "Your notebook ran from top to bottom; some cells stopped with an error; the rest ran on.",
    Outcome.TIMEOUT: "Your notebook ran longer than allowed. What had run by then was still checked.",
    Outcome.OUT_OF_MEMORY: "Your notebook needed more memory than allowed. What had run by then was still checked.",
    Outcome.DIED: "The Python process of your notebook ended by itself. What had run by then was still checked.",
    Outcome.UNREADABLE: "The file could not be read as a notebook, so nothing was run.",
    Outcome.UNATTEMPTED: "The notebook ran, but the part you were to write is still as it was handed out.",
    Outcome.GRADER_ERROR: "Something went wrong in the grader. It is not your fault and costs you nothing.",
}

VERDICTS = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "to fix",
    Verdict.BLOCKED: "not checked",
    Verdict.UNSURE: "undecided",
    Verdict.MANUAL: "for your teacher",
}

MARKED = "marked"

SIGNS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.BLOCKED: "–", Verdict.UNSURE: "?", Verdict.MANUAL: "…"}

LEVELS = {
    Level.RUNS: "Does it run?",
    Level.SHAPES: "Do the shapes fit?",
    Level.VALUES: "Are the values right?",
    Level.GRADIENTS: "Do the gradients flow?",
    Level.REGULARISATION: "Is it regularised?",
    Level.DROPOUT: "Is dropout used as it should be?",
    Level.LEARNS: "Does it learn?",
    Level.OUTCOME: "How well does it do?",
    Level.MANUAL: "What your teacher reads",
}

NUDGES = {
    Level.RUNS: "Is there an error? Read its last line first: it says what went wrong. The lines above it say where.",
    Level.SHAPES: "Write the shape of every tensor beside the line that makes it, then print it and compare.",
    Level.VALUES: "Take one example and sizes of 1 or 2, follow the formula by hand, and print the same steps.",
    Level.GRADIENTS: "Follow the way from the cost back to each variable: which line does not let a gradient through?",
    Level.REGULARISATION: "List what the penalty should hold and what it should not, then look for each of them.",
    Level.DROPOUT: "What should differ between two calls in training, and what between two calls in prediction?",
    Level.LEARNS: "Train on a handful of examples: a network that is right learns them by heart.",
    Level.OUTCOME: "Compare the curves of train and dev: does the network learn too little, or too much by heart?",
    Level.MANUAL: "Read the question once more, and say in one sentence what it asks for.",
}

ISOLATIONS = {
    Isolation.BUBBLEWRAP: "run in a jail (bubblewrap): no network, and no files but its own and the course data",
    Isolation.LANDLOCK: "run in a light jail (Landlock): no network, and no files but its own and the course data",
    Isolation.NONE: "NOT isolated: the notebook could reach the files and the network of the machine it ran on",
}

CELLS = {
    CellStatus.TIMEOUT: "This cell ran longer than allowed and was stopped.",
    CellStatus.DIED: "The Python process ended in this cell. The notebook was run again without it.",
    CellStatus.OUT_OF_MEMORY: "This cell needed more memory than allowed. The notebook was run again without it.",
    CellStatus.SKIPPED: "This cell was left out.",
}

# Single words and pieces that fill the placeholders of sentences, or stand beside figures.
ALONE = ("epoch", "step", "cost", "train", "dev")
PIECES = (
    "cost {number}",
    "train {number}",
    "dev {number}",
    "says {label}",
    "is {value}",
    "Training in {where}",
    "Training {place} in {where}",
    "Shaded: {what}",
)

AND = (" and ", ", and ")  # between the last two of a list

OTHER_GRADIENT = 0.01  # relative error; float32 stays far below
_MESSAGE_LENGTH = 240
STILL_OPEN = "Points still open are neither won nor lost: a person, or a longer run, decides them later."


def number(value: float) -> str:
    """7, 0.5 or 0.67: no zeros that say nothing, and never -0."""
    return f"{round(value, 2) + 0.0:g}"


def points(earned: float, possible: float) -> str:
    if possible == 0:
        return "no points at stake"
    return f"{number(earned)} of {number(possible)} {'point' if possible == 1 else 'points'}"


def check_points(verdict: Verdict, earned: float, possible: float) -> str:
    if verdict in (Verdict.UNSURE, Verdict.MANUAL) and possible:
        return f"{number(possible)} {'point' if possible == 1 else 'points'} still open"
    return points(earned, possible)


def standing(card: Scorecard, outcome: Outcome) -> str:
    """Two or three words of where the student is, judged by the points that are decided."""
    fixed = {
        Outcome.UNREADABLE: "Not graded",
        Outcome.GRADER_ERROR: "Not decided yet",
        Outcome.UNATTEMPTED: "Not started yet",
    }
    if outcome in fixed:
        return fixed[outcome]
    decided = card.possible - card.pending
    if decided <= 0:
        return "Not decided yet"
    share = card.earned / decided
    if share >= 1 - 1e-9:
        return "All right so far" if card.pending else "Everything is right"
    steps = ((0.75, "Nearly there"), (0.4, "Well on the way"), (1e-9, "A start has been made"))
    return next((words for least, words in steps if share >= least), "Not there yet")


def score(card: Scorecard, outcome: Outcome) -> str:
    """For example "Nearly there: 7 of 9 points, 1 still open"."""
    if outcome is Outcome.UNREADABLE or not card.possible:
        return f"{standing(card, outcome)}: {OUTCOMES[outcome]}"
    still_open = f", {number(card.pending)} still open" if card.pending else ""
    return f"{standing(card, outcome)}: {points(card.earned, card.possible)}{still_open}"


def cell_sentence(run: CellRun | None, names: Mapping[int, str]) -> str | None:
    """What has to be said above a code cell, or None when it simply ran; `names` of all cells by index."""
    if run is None:
        return "This cell was not run."
    if run.status is CellStatus.OK:
        return None
    trouble = run.trouble
    if run.status is not CellStatus.ERROR or trouble is None:
        return CELLS.get(run.status, "This cell stopped with an error.")
    here = trouble.cell in (None, run.index)
    stopped = f"This cell stopped with {error_text(trouble)}"
    if trouble.line and here:
        stopped = f"This cell stopped in line {trouble.line} with {error_text(trouble)}"
    elif not here and trouble.cell is not None:
        stopped = f"This cell stopped with {error_text(trouble)} (in {names.get(trouble.cell, 'another cell')})"
    return f"{stopped}. No fault of yours: {run.excuse}." if run.excuse else stopped


def error_text(trouble: Trouble) -> str:
    """Its kind and its own words, on one line."""
    message = " ".join(trouble.message.split())
    short = message if len(message) <= _MESSAGE_LENGTH else f"{message[:_MESSAGE_LENGTH]}…"
    return f"{trouble.kind}: {short}" if short else trouble.kind


def gradient(row: GradientRow) -> str:
    """What a row of the table of gradients says: dead, frozen, or as it should be."""
    if not row.asked:
        return "moves, though not by a gradient that was seen" if row.moved else "frozen: left out of the training"
    if row.norm is None:
        return "dead: the cost does not depend on it"
    if row.norm == 0:
        return "dead: its gradient is 0"
    if not math.isfinite(row.norm):
        return "its gradient is not finite"
    if row.error is not None and row.error > OTHER_GRADIENT:
        return "its gradient is not that of the lab's cost"
    return "moves" if row.moved else "frozen: it has a gradient, and the step leaves it as it was"


def lab_name(report: Report) -> str:
    return report.lab_title or report.submission.lab or "Unrecognised notebook"


def short_name(report: Report) -> str:
    """Lab2 instead of "Lab2: MLP and Dropout", for tables."""
    return lab_name(report).split(":")[0]


def ran_unisolated(report: Report) -> bool:
    """A notebook of which nothing ran needs no warning."""
    return bool(report.run.cells) and report.run.isolation is Isolation.NONE
