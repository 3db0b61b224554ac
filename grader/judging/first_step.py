"""Whether a class can be made and trained for a step: the first check of every lab that trains."""

from grader.judging.checks import failed, passed
from grader.judging.contact import Contact
from grader.model import Finding


def takes_a_step(contact: Contact | None, mistake: str | None = None) -> Finding:
    """`mistake`: the one behind a class that cannot, where its error and its text show it."""
    if contact is None:
        return failed("No class with a training method was left by your notebook.")
    if contact.works:
        return passed(f"`{contact.info.name}` trains.")
    trouble = contact.trouble
    told = f" It stops with {trouble.kind}: {trouble.message[:300]}" if trouble else " No gradient was taken."
    return failed(
        f"`{contact.info.name}` could not be trained for one step on a few small examples of our own.{told}",
        mistake,
        cell=trouble.cell if trouble and trouble.cell is not None else contact.info.cell,
    )
