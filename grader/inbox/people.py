"""Who on the roster sent a message: by address, or by name, accents and order forgiven. Doubt is told, not settled."""

import difflib
import re
import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from grader.course.roster import Student
from grader.intake.person import person

_SMALL = frozenset("de del la las los da do dos das di van von der y i e eta".split())
_LISTED = 4


class Evidence(Struct, frozen=True):
    """What a message says of who sent it."""

    address: str
    sender: str  # the name beside the address
    name: str  # what is left of the subject
    words: str = ""  # all of the subject but the lab
    id: str = ""
    speaks_of_a_lab: bool = True  # else what the subject holds may be anything: “(no subject)”, “good evening”


class Who(Struct, frozen=True):
    student: Student | None
    by: str = ""  # address | subject | sender
    candidates: tuple[str, ...] = ()
    doubt: str = ""  # a sentence, where there is no student


def who_sent(evidence: Evidence, roster: Sequence[Student]) -> Who:
    if not roster:
        return _without_roster(evidence)
    owners = [student for student in roster if evidence.address and evidence.address in student.emails]
    sender = _called(tokens(evidence.sender), roster)
    if written := _written(evidence, roster):
        return _by_subject(evidence, written, owners, sender)
    own = tokens(evidence.name)
    if owners and not _is_another(own, owners[0], roster):
        return Who(owners[0], "address")
    if not owners and len(sender) == 1 and (not own or own <= tokens(sender[0].name)):
        return Who(sender[0], "sender")
    return _doubt(_near(evidence, roster, [*owners, *sender]), _why(evidence, own, owners))


def _by_subject(
    evidence: Evidence, written: Sequence[Student], owners: Sequence[Student], sender: Sequence[Student]
) -> Who:
    both = [student for student in written if student in (owners or sender)]
    if len(written) == 1 and owners and not both:
        doubt = f"the subject names {written[0].name}, and the address is that of {owners[0].name}"
        return _doubt([*written, *owners], doubt)
    own = tokens(evidence.words) | tokens(evidence.name)
    whole = [student for student in written if tokens(student.name) <= own]
    if len(written) == 1 or (len(both) == 1 and len(whole) < 2):
        return Who((both or written)[0], "subject")
    return _doubt(written, "more than one student is named, or called so")


def _is_another(own: frozenset[str], owner: Student, roster: Sequence[Student]) -> bool:
    """The subject has somebody else's first name."""
    return not own & tokens(owner.name) and any(own & tokens(other.name) for other in roster)


def _why(evidence: Evidence, own: frozenset[str], owners: Sequence[Student]) -> str:
    if owners:
        return f"{evidence.name!r} is not the owner of this address"
    if own or evidence.sender:
        return f"{(evidence.name if own else evidence.sender)!r} is not on the roster"
    return "neither subject nor sender has a name, and the address is not on the roster"


def tokens(name: str) -> frozenset[str]:
    """`Núñez, José-Luis` as jose, luis, nunez."""
    words = frozenset(re.findall(r"[^\W\d_]+", _bare(name)))
    return (words - _SMALL) or words


def _bare(name: str) -> str:
    """Small letters without accents."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return bare.replace("ß", "ss").replace("ø", "o").replace("ł", "l")


def _written(evidence: Evidence, roster: Sequence[Student]) -> list[Student]:
    """Students whom the subject names, by id, in full, or by enough of their name."""
    numbers = {*re.findall(r"[^\W_]*\d{4,}[^\W_]*", evidence.words.casefold()), evidence.id.casefold()} - {""}
    by_id = [student for student in roster if student.id and student.id.casefold() in numbers]
    return by_id or _called(tokens(evidence.name), roster) or _called(tokens(evidence.words), roster, only_whole=True)


def _called(own: frozenset[str], roster: Sequence[Student], only_whole: bool = False) -> list[Student]:
    """One where that is sure; none by a first name alone, which is many people's."""
    exact = [student for student in roster if tokens(student.name) == own]
    if exact:
        return exact
    whole = [student for student in roster if len(tokens(student.name)) > 1 and tokens(student.name) < own]
    if whole or only_whole:  # `Ana Ruiz Gil` is not Ana Ruiz as well, where both are there
        named = [one for one in whole if not any(tokens(one.name) < tokens(other.name) for other in whole)]
        longer = [student for student in roster if any(tokens(one.name) < tokens(student.name) for one in named)]
        return named if only_whole else [*named, *longer]  # whose name may be misspelt in the rest
    if len(own) == 1:  # `verdeolmorio`, as Canvas writes Olmo Río Verde
        return [student for student in roster if not _packed(student.name).isdisjoint(own)]
    return [student for student in roster if own and own < tokens(student.name)]


def _packed(name: str) -> set[str]:
    """The name without blanks, whichever of its words stands first."""
    words = ["".join(re.findall(r"[a-z]", _bare(part))) for part in name.split()]
    turns = (words[n:] + words[:n] for n in range(len(words)))
    return {"".join(turn) for turn in turns} if len(words) > 1 else set()


def _near(evidence: Evidence, roster: Sequence[Student], also: Sequence[Student]) -> list[Student]:
    """Whom it may mean: bearers of one of the names, then those spelt much alike."""
    own = tokens(evidence.name) or tokens(evidence.sender)
    sharing = sorted(roster, key=lambda student: -len(own & tokens(student.name)))
    sharing = [student for student in sharing if own & tokens(student.name)]
    spelt = {" ".join(sorted(tokens(student.name))): student for student in roster}
    alike = difflib.get_close_matches(" ".join(sorted(own)), spelt, n=_LISTED, cutoff=0.75)
    by_address = difflib.get_close_matches(
        re.sub(r"[^a-z]", "", evidence.address.partition("@")[0]),
        {re.sub(r"[^a-z]", "", key): spelt[key] for key in spelt},
        n=1,
        cutoff=0.8,
    )
    packed = {re.sub(r"[^a-z]", "", key): student for key, student in spelt.items()}
    found = [*also, *(spelt[key] for key in alike), *sharing, *(packed[key] for key in by_address)]
    return list(dict.fromkeys(found))


def _doubt(candidates: Sequence[Student], why: str) -> Who:
    names = tuple(f"{student.name} ({student.id})" if student.id else student.name for student in candidates[:_LISTED])
    remedy = "Add the address to the student's row in the roster, and run `grader intake` again."
    return Who(None, "", names, f"It could not be told whose it is: {why}. {remedy}")


def _without_roster(evidence: Evidence) -> Who:
    sender = person(evidence.sender)
    by = "subject" if evidence.name and (evidence.speaks_of_a_lab or not sender) else "sender"
    name = evidence.name if by == "subject" else sender or evidence.address.partition("@")[0]
    if not name:
        return Who(None, "", (), "It could not be told whose it is: neither subject nor sender has a name.")
    return Who(Student(name, evidence.id, (evidence.address,) if evidence.address else ()), by)
