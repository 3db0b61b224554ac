"""What became of every message: whose it is, which lab, and which of several counts.

A function of what is known of them, so that a change of roster or course decides anew what was taken in before.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from grader.course.folder import Course
from grader.course.roster import Student
from grader.inbox.facts import Fact, Facts, moment
from grader.inbox.people import Evidence, Who, tokens, who_sent
from grader.inbox.subjects import Subject, read_subject
from grader.intake.ledger import Became, Held, Message, TimedBy
from grader.intake.page_names import page_name, told_apart
from grader.intake.versions import Version, choices

_BEST = tuple(Became)  # a message is known by the best of what it held
_QUOTED = "The link is quoted from another message, and the address is not the student's: it may be an answer to them."
_SAME_TWICE = "More than one notebook of this lab is in the message, and nothing tells which counts."


class Case(Struct, frozen=True):
    facts: Facts
    subject: Subject
    who: Who
    held: tuple[Held, ...]


class Entry(Struct, frozen=True):
    """One readable notebook whose student and lab are known."""

    case: int
    at: int  # among what the message held
    counts: bool  # in time


def decided(everything: Iterable[Facts], course: Course, roster: Sequence[Student]) -> tuple[Message, ...]:
    ordered = sorted(everything, key=lambda facts: (facts.time or "0", facts.origin, facts.key))
    cases = [_case(facts, course, roster) for facts in ordered]
    if not roster:
        cases = [*_with_one_spelling(cases)]
    held = {(n, at): each for n, case in enumerate(cases) for at, each in enumerate(case.held)}
    for entries in _works(cases, course).values():
        for entry, became, reason in _which_counts(entries, cases):
            held[entry.case, entry.at] = replace(held[entry.case, entry.at], became=became, reason=reason)
    files = _files(cases, held)
    for place, file in files.items():
        held[place] = replace(held[place], file=file)
    return tuple(_message(case, tuple(held[n, at] for at in range(len(case.held)))) for n, case in enumerate(cases))


def _case(facts: Facts, course: Course, roster: Sequence[Student]) -> Case:
    subject = Subject((), frozenset(), facts.student, "") if facts.student else read_subject(facts.subject, course)
    spoken = bool(subject.labs) or bool(facts.student)
    evidence = Evidence(facts.sender, facts.sender_name, subject.name, subject.words, facts.student_id, spoken)
    who = who_sent(evidence, roster)
    alone = sum(not fact.fault for fact in facts.held) < 2
    return Case(facts, subject, who, tuple(_held(fact, facts, subject, who, alone) for fact in facts.held))


def _held(fact: Fact, facts: Facts, subject: Subject, who: Who, alone: bool) -> Held:
    lab, doubt = _lab(fact, facts, subject, alone)
    reason, became = doubt or who.doubt or _doubt_of_quote(fact, facts, who), Became.DOUBTFUL
    if fact.fault:
        reason, became = fact.fault, Became.NO_PERMISSION if fact.no_permission else Became.UNREADABLE
    return Held(fact.what, fact.name, became, reason, lab, fact.sha256, fact.fetched)


def _doubt_of_quote(fact: Fact, facts: Facts, who: Who) -> str:
    """An answer to a student has the student's name in its subject and the student's link in what it quotes."""
    known = who.student is None or facts.sender in who.student.emails or who.by != "subject"
    return _QUOTED if fact.what == "link" and facts.is_quoting and not known else ""


def _lab(fact: Fact, facts: Facts, subject: Subject, alone: bool) -> tuple[str | None, str]:
    """And a sentence where it is doubtful. What the notebook holds is held against what the subject says."""
    if facts.lab:
        return facts.lab, ""
    seen = [lab for lab in fact.recognised if lab in subject.near] or list(fact.recognised)
    agrees = not subject.labs or any(lab in subject.near for lab in seen)
    if len(seen) == 1 and (agrees or not alone):  # a message may hold several labs, and its subject name one of them
        return seen[0], ""
    if seen and not agrees:
        said, like = " or ".join(subject.labs), " or ".join(seen)
        return None, f"The subject says {said}, and the notebook looks like {like}. Ask which it is."
    if fact.named and (fact.named in subject.near or not subject.labs):
        return fact.named, ""
    return _by_subject([lab for lab in subject.labs if not seen or lab in seen] or seen)


def _by_subject(labs: Sequence[str]) -> tuple[str | None, str]:
    if len(labs) == 1:
        return labs[0], ""
    if labs:
        return None, f"It may be {' or '.join(labs)}, and the notebook does not tell."
    return None, "Neither the subject nor the notebook tells which lab it is."


def _with_one_spelling(cases: Sequence[Case]) -> Iterator[Case]:
    """Without a roster, one name is one person, in the spelling that came first, and so are two from one address that
    have a word in common; one name from two addresses is in doubt."""
    first: dict[frozenset[str], Student] = {}
    by_address: dict[str, Student] = {}
    for case in cases:
        student = case.who.student
        if student is None:
            yield case
            continue
        own, address = tokens(student.name) or frozenset((student.name,)), case.facts.sender
        known = by_address.get(address)
        if known is None or not own & tokens(known.name):
            known = first.setdefault(own, student)
        if len({*known.emails, *student.emails}) < 2:
            if address:
                by_address.setdefault(address, known)
            yield replace(case, who=replace(case.who, student=known))
        else:
            said = f"{known.name} wrote from {known.emails[0]} before, and this is another address"
            yield _in_doubt(case, (known.name,), f"It could not be told whose it is: {said}. A roster would tell.")


def _in_doubt(case: Case, candidates: tuple[str, ...], doubt: str) -> Case:
    held = tuple(replace(each, reason=doubt) if each.became is Became.DOUBTFUL else each for each in case.held)
    return replace(case, who=Who(None, "", candidates, doubt), held=held)


def _works(cases: Sequence[Case], course: Course) -> dict[tuple[str, str, str], list[Entry]]:
    """What was handed in for one lab by one student, in order of time."""
    sessions = course.sessions
    works: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for n, case in enumerate(cases):
        student, when = case.who.student, moment(case.facts.time)
        for at, each in enumerate(case.held):
            if each.became is Became.DOUBTFUL and not each.reason and each.lab and student is not None:
                session, is_file = sessions.get(each.lab), case.facts.timed_by is TimedBy.FILE
                counts = session is None or when is None or is_file or session.counts(when)
                works[student.name, student.id, each.lab].append(Entry(n, at, counts))
    return works


def _which_counts(entries: Sequence[Entry], cases: Sequence[Case]) -> Iterator[tuple[Entry, Became, str]]:
    left: list[Entry] = []
    for number in dict.fromkeys(entry.case for entry in entries):
        of_one = [entry for entry in entries if entry.case == number]
        kept, passed = _of_one_message(of_one, cases[number])
        left += kept[:1] if len(kept) == 1 else []
        yield from ((entry, Became.SUPERSEDED, reason) for entry, reason in passed)
        if len(kept) > 1:
            yield from ((entry, Became.DOUBTFUL, _SAME_TWICE) for entry in kept)
    in_time = [entry for entry in left if entry.counts]
    for entry in left:
        if not entry.counts:
            yield entry, Became.LATE, "It came after the deadline of this lab."
        elif entry is in_time[-1]:
            yield entry, Became.TAKEN, ""
        else:
            later = cases[in_time[-1].case].facts
            yield entry, Became.SUPERSEDED, f"A later one counts, of {later.time or 'an unknown time'}."


def _of_one_message(entries: Sequence[Entry], case: Case) -> tuple[list[Entry], list[tuple[Entry, str]]]:
    """Those that may count, and those that do not with a reason. A file stays as it was sent, unlike a link."""
    passed: list[tuple[Entry, str]] = []
    firsts: dict[str, Entry] = {}
    attached = [entry for entry in entries if case.held[entry.at].what != "link"]
    for entry in attached or entries:
        if firsts.setdefault(case.held[entry.at].sha256, entry) is not entry:
            passed.append((entry, "The same notebook is in this message twice."))
    if attached:
        links = [entry for entry in entries if entry not in attached]
        passed += [(entry, "The notebook is attached to this message as well, and that one counts.") for entry in links]
    kept = [*firsts.values()]
    if len(kept) > 1 and attached:
        names = [Version((), case.held[entry.at].name.rpartition("/")[2].removesuffix(".ipynb")) for entry in kept]
        student = case.who.student.name if case.who.student else ""
        told = choices(names, student)
        passed += [(kept[n], "A newer version is in the same message.") for choice in told for n in choice.older]
        kept = [kept[choice.newest] for choice in told]
    return kept, passed


def _files(cases: Sequence[Case], held: dict[tuple[int, int], Held]) -> dict[tuple[int, int], str]:
    """Where what is to be graded is laid: what was taken, else the last that came late."""
    chosen: dict[tuple[str, str, str], tuple[int, int]] = {}
    for place, each in held.items():
        student = cases[place[0]].who.student
        if student is None or not each.lab or each.became not in (Became.TAKEN, Became.LATE):
            continue
        work = (student.name, student.id, each.lab)
        if each.became is Became.TAKEN or held.get(chosen.get(work, place), each).became is Became.LATE:
            chosen[work] = place
    names = told_apart([(student, lab) for student, _, lab in chosen])
    return {
        place: f"{page_name(lab)}/{page_name(name)}.ipynb"
        for name, ((_, _, lab), place) in zip(names, chosen.items(), strict=True)
    }


def _message(case: Case, held: tuple[Held, ...]) -> Message:
    facts, student = case.facts, case.who.student
    became, reason = _of_message(case, held)
    labs = list(dict.fromkeys(each.lab for each in held if each.lab)) or list(case.subject.labs)
    return Message(
        key=facts.key,
        sender=facts.sender,
        sender_name=facts.sender_name,
        subject=facts.subject,
        time=facts.time,
        timed_by=facts.timed_by,
        dated=facts.dated,
        lab=labs[0] if len(labs) == 1 else None,
        student=student.name if student else "",
        student_id=student.id if student else "",
        named_by=case.who.by,
        candidates=case.who.candidates,
        held=held,
        became=became,
        reason=reason,
        origin=facts.origin,
    )


def _of_message(case: Case, held: tuple[Held, ...]) -> tuple[Became, str]:
    if held:
        best = min(held, key=lambda each: _BEST.index(each.became))
        return best.became, best.reason
    if case.facts.fault:
        return Became.UNREADABLE, case.facts.fault
    if case.subject.labs or case.facts.student or case.facts.student_id:
        return Became.UNREADABLE, "There is no notebook in the message, and no link to one."
    return Became.NOTHING, "Its subject names no lab, and there is no notebook in it."
