"""Dates at their edges: closing to the second, the day by the course's own clocks, daylight saving both ways."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sample_course import change, sample_course

from grader.course.folder import load_course
from grader.course.roster import Student, read_roster
from grader.course.schedule import Session, SessionSheet, sessions
from grader.errors import RubricError


def session(date: str, closes: str = "18:30", solution: str = "", zone: str = "Europe/Madrid") -> Session:
    return sessions({"lab": SessionSheet(date, "", solution)}, zone, closes)["lab"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


IN_TIME: dict[str, tuple[str, str, bool]] = {
    "a second before": ("2026-03-23", "2026-03-23T18:29:59+01:00", True),
    "to the second": ("2026-03-23", "2026-03-23T18:30:00+01:00", True),
    "a second late": ("2026-03-23", "2026-03-23T18:30:01+01:00", False),
    "the same moment from elsewhere": ("2026-03-23", "2026-03-23T09:30:00-08:00", True),
    "by universal time, in winter": ("2026-03-23", "2026-03-23T17:30:00+00:00", True),
    "by universal time, in summer": ("2026-03-30", "2026-03-30T16:30:00+00:00", True),
    "an hour late, in summer": ("2026-03-30", "2026-03-30T17:30:00+00:00", False),
    "before the day": ("2026-03-23", "2026-03-22T23:59:59+01:00", False),
    "as the day begins": ("2026-03-23", "2026-03-23T00:00:00+01:00", True),
    "the day before by universal time": ("2026-03-23", "2026-03-22T23:00:00+00:00", True),
    "the next day": ("2026-03-23", "2026-03-24T10:00:00+01:00", False),
}


@pytest.mark.parametrize(("day", "moment", "counts"), IN_TIME.values(), ids=IN_TIME)
def test_a_lab_is_sent_in_time_on_its_own_day_until_it_closes(day: str, moment: str, counts: bool) -> None:
    assert session(day).in_time(at(moment)) is counts


def test_without_a_closing_time_the_day_ends_at_midnight_there() -> None:
    open_end = session("2026-03-23", closes="")
    assert open_end.in_time(at("2026-03-23T23:59:59+01:00")) and not open_end.in_time(at("2026-03-24T00:00:00+01:00"))


def test_what_is_sent_as_the_solution_is_shown_is_too_late() -> None:
    shown = session("2026-03-27", solution="2026-03-30 16:00")
    assert shown.before_solution(at("2026-03-30T15:59:59+02:00"))
    assert not shown.before_solution(at("2026-03-30T16:00:00+02:00"))
    assert not shown.before_solution(at("2026-03-30T15:00:00+01:00")), "clocks went forward in between"


def test_a_solution_of_a_day_is_known_from_its_midnight_on() -> None:
    shown = session("2026-03-23", solution="2026-03-24")
    assert shown.counts(at("2026-03-23T23:59:59+01:00")) and not shown.counts(at("2026-03-24T00:00:00+01:00"))


def test_the_hour_that_comes_twice_closes_at_its_second_end() -> None:
    night = session("2026-10-25", closes="02:30")
    assert night.closes is not None and night.closes.astimezone(UTC) == at("2026-10-25T01:30:00+00:00")
    assert night.in_time(at("2026-10-25T02:30:00+02:00")) and night.in_time(at("2026-10-25T02:30:00+01:00"))
    assert not night.in_time(at("2026-10-25T02:30:01+01:00"))


def test_a_time_without_a_solution_counts_until_the_lab_closes() -> None:
    assert session("2026-03-23").counts(at("2026-03-23T18:30:00+01:00"))
    assert not session("2026-03-23").counts(at("2026-03-23T18:30:01+01:00"))


CLOSES = "closes: 18:30\n"
SESSION = "sessions:\n  lab1_warmup: {date: 2026-03-23, solution: 2026-03-24 16:00}\n"
TIMES = f"timezone: Europe/Madrid\n{CLOSES}{SESSION}"
WRONG: dict[str, tuple[str, str, str]] = {
    "no zone": ("timezone: Europe/Madrid\n", "", ":12: times need a time zone; write one"),
    "a misspelt zone": (
        "Europe/Madrid",
        "Europe/Madird",
        ":11: 'Europe/Madird' is no time zone; did you mean 'Europe/Madrid'?",
    ),
    "no hour": ("18:30", "half six", ":12: 'half six' is no time of day; write it as 18:30"),
    "an hour too many": ("18:30", "25:30", ":12: '25:30' is no time of day"),
    "no lab": (
        "lab1_warmup: {",
        "lab1_wramup: {",
        ":14: 'lab1_wramup' is no lab of this course; did you mean 'lab1_warmup'?",
    ),
    "a name of no lab": (
        "sessions:",
        "called: {lab1_wramup: [x]}\nsessions:",
        "'lab1_wramup' is no lab of this course; did",
    ),
    "no day": ("2026-03-23", "2026-02-30", ":14: '2026-02-30' is no day; write it as"),
    "a day of another order": ("2026-03-23", "23/03/2026", ":14: '23/03/2026' is no day"),
    "a misspelt key": ("solution:", "solutoin:", ":14: unknown key 'solutoin'; did you mean 'solution'?"),
    "no moment": ("2026-03-24 16:00", "tomorrow", ":14: 'tomorrow' is no day and time"),
    "a solution before the end": (
        "2026-03-24 16:00",
        "2026-03-23 16:00",
        ":14: the solution is shown before the lab closes",
    ),
    "an hour that clocks skip": (
        "2026-03-24 16:00",
        "2026-03-29 02:30",
        ":14: there is no 02:30 on 2026-03-29 in Europe/Madrid",
    ),
    "no roster": (
        CLOSES,
        CLOSES + "roster: nobody.csv\n",
        "nobody.csv: the roster cannot be read",
    ),
    "too many labs": (
        CLOSES,
        CLOSES + "certificates: {progress: {labs: 9}}\n",
        "labs is 9, and the course has 1",
    ),
    "a share": (
        CLOSES,
        CLOSES + "certificates: {progress: {earned: 101}}\n",
        "earned is 101; write a percentage",
    ),
    "a word for a share": (
        CLOSES,
        CLOSES + "certificates: {progress: {earned: all}}\n",
        ":13: earned: Expected `float`",
    ),
    "no mailbox": (
        CLOSES,
        CLOSES + "mailbox: {address: mail.example}\n",
        ":13: 'mail.example' is no mailbox",
    ),
    "a password in it": (
        CLOSES,
        CLOSES + "mailbox: {address: 'imaps://a:b@mail.example/INBOX'}\n",
        "a password does not belong into an address",
    ),
    "a password beside it": (
        CLOSES,
        CLOSES + "mailbox: {address: 'imaps://a@mail.example', password: s3cret}\n",
        "never the password itself",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_hold_in_a_schedule_is_told_with_its_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    folder = sample_course(tmp_path / "mine")
    change(folder / "course.yaml", "demo:\n", TIMES + "demo:\n")
    text = (folder / "course.yaml").read_text("utf-8")
    text = text.replace("demo:\n  - {file: a/lab1.ipynb, lab: lab1_warmup, edit: sign-missing}\n", "# no sample\n")
    (folder / "course.yaml").write_text("\n" * 3 + text, "utf-8")
    change(folder / "course.yaml", old, new)
    with pytest.raises(RubricError) as caught:
        load_course(folder).roster()
    assert said in str(caught.value) and "\n" not in str(caught.value) and "s3cret" not in str(caught.value)


ROSTERS: dict[str, tuple[str, list[Student]]] = {
    "ours": (
        "name,id,email\nAna Una,1,a@x.example b@x.example\n",
        [Student("Ana Una", "1", ("a@x.example", "b@x.example"))],
    ),
    "Moodle's, in Spanish": (
        "Nombre,Apellido(s),Número de ID,Dirección de correo\nAna,Una Dos,7,A@x.example\n",
        [Student("Ana Una Dos", "7", ("a@x.example",))],
    ),
    "Moodle's, in English": (
        '\ufeff"First name",Surname,"Email address"\nAna,Una,a@x.example\n',
        [Student("Ana Una", "", ("a@x.example",))],
    ),
    "Canvas's": ('Student,ID,SIS User ID,Section\n"Una, Ana",5,,A\n', [Student("Ana Una", "5")]),
    "a spreadsheet's": ("izena;hizkuntza\nAne Bat;eu\n\n;\n", [Student("Ane Bat", "", (), "eu")]),
    "a name alone": ("Nombre\nAna Una\n", [Student("Ana Una")]),
}


@pytest.mark.parametrize(("text", "students"), ROSTERS.values(), ids=ROSTERS)
def test_a_roster_is_read_as_platforms_write_it(text: str, students: list[Student], tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(text, "utf-8")
    assert [*read_roster(tmp_path / "roster.csv", ("en", "eu"))] == students


FAULTS = {
    "nmae,id\nAna,1\n": "roster.csv:1: there is no column 'name' in nmae, id; did you mean 'name'?",
    "": "roster.csv:1: there is no column 'name' in an empty line",
    "name,id\n,1\n": "roster.csv:2: this row has no name",
    "name,id\nA B,1\nC D,1\n": "roster.csv:3: the id '1' stands on line 2 already",
    "name\nA B\na b\n": "roster.csv:3: the name 'a b' stands on line 2 already",
    "name,email\nA B,a@x.example\nC D,A@x.example\n": "roster.csv:3: the address 'a@x.example' stands on line 2",
    "name,email\nA B,nobody\n": "roster.csv:2: 'nobody' is no e-mail address",
    "name,language\nA B,fr\n": "roster.csv:2: 'fr' is no language of this course; the languages of this",
}


@pytest.mark.parametrize(("text", "said"), FAULTS.items(), ids=FAULTS.values())
def test_a_roster_that_does_not_hold_is_told_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(text, "utf-8")
    with pytest.raises(RubricError) as caught:
        read_roster(tmp_path / "roster.csv", ("en", "eu"))
    assert str(caught.value).startswith(said)
