"""Whether a classifier of pairs drops numbers while it classifies: asked as it is, with dropout where it has any."""

from collections.abc import Mapping

import numpy as np

from grader.judging.checks import failed
from grader.judging.comparing.arrays import Numbers
from grader.judging.examiner import Examiner
from grader.judging.meeting.asking import classifying
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.forward import Forward, floats
from grader.judging.meeting.watching import watched_in
from grader.model import Finding

CLASSES = 3


def dropped(cell: int | None) -> Finding:
    return failed(
        mistake="dropout-at-test", seen="one pair, asked several times at once, gets different logits", cell=cell
    )


def drops_at_test(
    x: Examiner, contact: Contact, forward: Forward, data: Numbers, given: Mapping[str, Numbers]
) -> bool | None:
    """Whether one pair, asked many times in one batch, gets different logits; None where they were not seen."""
    if contact.classifier is None:
        return None
    equal, labels = np.repeat(data[:1], len(data), axis=0), np.zeros(len(data), np.int64)
    watched = watched_in(x.ask(f"{contact.info.name}.equal", *classifying(contact, equal, labels, weights=given)))
    calls = watched.calls if watched else ()
    results = [call.result for call in calls if call.method == forward.path.removeprefix("c.")]
    logits = [found for result in results for found in floats(result) if found.shape == (len(data), CLASSES)]
    if not logits or not all(np.all(np.isfinite(found)) for found in logits):
        return None
    return any(float(np.ptp(found, axis=0).max()) > 1e-4 * max(float(np.abs(found).max()), 1.0) for found in logits)
