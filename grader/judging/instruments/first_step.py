"""Whether a class can be made and trained for a step: the first check of every lab that trains."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Protocol, TypeVar

import numpy as np

from grader.judging.checks import NO_CLASS, blocked, failed, passed, unsure
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import first_gradients, moved
from grader.model import Finding, Verdict


class Evidence(Protocol):
    @property
    def contact(self) -> Contact | None: ...


Asked = TypeVar("Asked", bound=Evidence)


def takes_a_step(contact: Contact | None, mistake: str | None = None) -> Finding:
    """`mistake`: the one behind a class that cannot, where its error and its text show it."""
    if contact is None:
        return failed(NO_CLASS)
    if contact.works:
        return passed(f"`{contact.info.name}` trains.")
    trouble = contact.trouble
    told = f" It stops with {trouble.kind}: {trouble.message[:300]}" if trouble else " No gradient was taken."
    return failed(
        f"`{contact.info.name}` could not be trained for one step on a few small examples of our own.{told}",
        mistake,
        cell=trouble.cell if trouble and trouble.cell is not None else contact.info.cell,
    )


def ends_a_step(contact: Contact | None, mistake: str | None = None, cause: str = "") -> Finding:
    """The same where the step has to come to its end; what the network computes is judged all the same."""
    reason = stop(contact)
    if contact is None or reason is None:
        return takes_a_step(contact, mistake)
    trouble = contact.watched.trouble if contact.watched else None
    return failed(
        f"{reason} {cause}".strip(), cell=trouble.cell if trouble and trouble.cell is not None else contact.info.cell
    )


def stop(contact: Contact | None) -> str | None:
    """Why the first step takes gradients and then changes nothing, in a sentence; None where it does not stop."""
    watched = contact.watched if contact else None
    if contact is None or watched is None or watched.trouble is None or not watched.tape:
        return None
    if any(np.any(change) for change in moved(watched).values()):
        return None
    said = f"{watched.trouble.kind}: {watched.trouble.message[:200]}"
    told = f"`{contact.trainer}` takes its gradients and then stops at its first step with {said}"
    if paths := unconnected(contact):
        lost = f"No gradient reaches {names(paths)}: not used, or what is computed with it is not."
        return f"{told.rstrip('.')}. {lost}"
    return told


def unconnected(contact: Contact) -> tuple[str, ...]:
    """Variables whose gradient is asked for, and which the cost does not depend on."""
    seen = first_gradients(contact.watched) if contact.watched else {}
    return tuple(path for path, gradient in seen.items() if gradient is None)


def with_a_say(contact: Contact | None, still: Sequence[str], cause: Finding) -> tuple[str, ...]:
    """Those of `still` to be told of where `cause` was: that a gate is not used leaves its variables as they are, too.

    Tables of words are told of in any case: what is looked up outside of the tape is used.
    """
    if contact is None or cause.verdict is not Verdict.FAIL:
        return tuple(still)
    words = contact.vocabulary if contact.inputs.words else None
    tables = {v.path for v in contact.initial if len(v.shape) == 2 and words in v.shape}
    return tuple(path for path in still if path in tables or path not in unconnected(contact))


def names(paths: Iterable[str]) -> str:
    shown = [f"`{path.replace('c.', 'self.', 1)}`" for path in paths]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def after_a_step(judge: Callable[[Asked], Finding]) -> Callable[[Asked], Finding]:
    """A check that says nothing more of a class which takes no step."""

    @wraps(judge)
    def judged(e: Asked) -> Finding:
        if e.contact is not None and e.contact.works:
            return judge(e)
        return blocked("Not checked because your class has to take a training step first.")

    return judged


def without_its_end(contact: Contact | None) -> Finding | None:
    """In place of a check of what training does, where it stops before it has done anything: told once, above."""
    trouble = contact.watched.trouble if contact and contact.watched else None
    if trouble is None or stop(contact) is None:
        return None
    said = f"{trouble.kind}: {trouble.message[:200]}"
    return blocked(f"Not checked because `train` stops at its first step, before any weight has changed, with {said}")


def kept_still(paths: tuple[str, ...]) -> Finding:
    """Of variables that are in the list and stand still, where nobody asks what is inside: a student's own check."""
    return unsure(f"A training step changes nothing in {names(paths)}. What keeps it from them is not seen here.")


def stopped(
    contact: Contact | None,
    reason: str,
    right: bool,
    untrained: Callable[[tuple[str, ...], str], Finding],
    cell: int | None,
) -> Finding:
    """What is said of variables that nothing moved, since training stops at its first step.

    Where the forward pass is right, what no gradient reaches is the cause; else the cause has been told.
    """
    if not right:
        return without_its_end(contact) or blocked(reason)
    if paths := unconnected(contact) if contact else ():
        return untrained(paths, "No gradient reaches {names}, so `train` stops at its first step.")
    return failed(reason, cell=cell)
