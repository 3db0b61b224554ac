"""What is no mailbox is taken in as well: tables of links, folders, downloads of platforms; and mail of any shape."""

import email
import email.policy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_hand_ins import fill, zipped
from sample_mailbox import ROWS, colab, drive, letter, mail_course, notebook_of

from grader.course.folder import Course, load_course
from grader.inbox.bodies import links_in_html, links_in_text
from grader.inbox.fetching import Web
from grader.inbox.letters import read_letter
from grader.inbox.links import DRIVE, GITHUB, target
from grader.inbox.people import Evidence, who_sent
from grader.inbox.shelf import shelf
from grader.inbox.subjects import read_subject
from grader.inbox.taking_in import take_in
from grader.intake.ledger import Message, TimedBy

BOOK = "1AbCdEfGhIjKlMnOpQrStUvWxYz-_12345"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return load_course(mail_course(tmp_path_factory.mktemp("course") / "mine"))


@pytest.fixture
def chosen(course: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setenv("GRADER_COURSE", str(course.folder))
    return course


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with drive() as address:
        yield Web({DRIVE: address, GITHUB: address})


def took(source: Path, course: Course, web: Web, out: Path) -> list[Message]:
    with shelf(out) as opened:
        return [*take_in(str(source), opened, course, web).messages]


def told(messages: list[Message]) -> list[tuple[str, str | None, str]]:
    return sorted((message.student, message.lab, message.became) for message in messages)


def test_a_table_of_links_has_a_row_for_each_with_its_time(chosen: Course, web: Web, tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text(
        "Timestamp,Email Address,Your name,Lab,Link to Colab\n"
        f"2026/03/23 6:30:00 PM GMT+1,ambar@students.example,Ámbar Tejón,Lab 1,{colab('lab1-1')}\n"
        f"2026/03/30 4:30:00 p. m. GMT+0,,Olmo Río,lab4,{colab('lab4-2')}\n"
        f"2026-03-24T16:00:00,uno@students.example,,lab1,{colab('lab1-3')}\n"
        f"yesterday,elur@students.example,,lab1,{colab('lab1-4')}\n"
        "2026-03-23,haize@students.example,,lab1,\n"
        f"2026-03-23,,Nadie Desconocido,lab1,{colab('private-5')}\n",
        "utf-8",
    )
    messages = took(table, chosen, web, tmp_path / "out")
    assert told(messages) == [
        ("", "lab1_warmup", "no permission"),
        ("Elur Zuri Beltz", "lab1_warmup", "taken"),
        ("Haize Mendi Gorri", "lab1_warmup", "unreadable"),
        ("Olmo Río Verde", "lab4_gru", "taken"),
        ("Uno Dos Tres", "lab1_warmup", "late"),
        ("Ámbar Tejón Ñandú", "lab1_warmup", "taken"),
    ]
    times = {message.student: (message.time, message.timed_by) for message in messages}
    assert times["Ámbar Tejón Ñandú"] == ("2026-03-23T17:30:00Z", TimedBy.ROW)
    assert times["Olmo Río Verde"] == ("2026-03-30T16:30:00Z", TimedBy.ROW)
    assert times["Uno Dos Tres"][0] == "2026-03-24T15:00:00Z", "a time without a zone is the course's own"
    assert times["Elur Zuri Beltz"] == ("", TimedBy.NOTHING)


MOODLE = "{}_{}_assignsubmission_file_/lab2.ipynb"
DOWNLOADS: dict[str, tuple[dict[str, str], list[tuple[str, str, str]]]] = {
    "Moodle's": (
        {MOODLE.format("Ambar Tejon Nandu", 11): "lab2", MOODLE.format("Nadie Desconocido", 12): "lab2"},
        [("", "lab2_mlp", "doubtful"), ("Ámbar Tejón Ñandú", "lab2_mlp", "taken")],
    ),
    "Canvas's": (
        {"verdeolmorio_101_2001_lab2.ipynb": "lab2", "Rio Verde Olmo_102_2002_lab3.ipynb": "lab3"},
        [("Olmo Río Verde", "lab2_mlp", "taken"), ("Olmo Río Verde", "lab3_rnn", "taken")],
    ),
    "Classroom's": (
        {"lab3 - Elur Zuri.ipynb": "lab3", "Copy of lab3 - Haize Mendi Gorri.ipynb": "lab3"},
        [("Elur Zuri Beltz", "lab3_rnn", "taken"), ("Haize Mendi Gorri", "lab3_rnn", "taken")],
    ),
    "by student": (
        {
            "Trueno Pez Globo/lab1.ipynb": "lab1",
            "Trueno Pez Globo/lab2.ipynb": "lab2",
            "Uno Dos Tres/lab1.ipynb": "lab1",
        },
        [
            ("Trueno Pez Globo", "lab1_warmup", "taken"),
            ("Trueno Pez Globo", "lab2_mlp", "taken"),
            ("Uno Dos Tres", "lab1_warmup", "taken"),
        ],
    ),
}


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize(("files", "rows"), DOWNLOADS.values(), ids=DOWNLOADS)
def test_a_download_is_taken_in_as_it_comes(
    files: dict[str, str], rows: list[tuple[str, str, str]], packed: bool, chosen: Course, web: Web, tmp_path: Path
) -> None:
    content = {name: notebook_of(lab, name) for name, lab in files.items()}
    source = tmp_path / ("download.zip" if packed else "download")
    if packed:
        source.write_bytes(zipped(content))
    else:
        for path in fill(source, content).rglob("*.ipynb"):
            os.utime(path, (1774270800, 1774270800))  # 23 March 2026, 14:00 there
    assert told(took(source, chosen, web, tmp_path / "out")) == rows
    assert told(took(source, chosen, web, tmp_path / "out")) == rows, "the same again is the same"
    kept = json.loads((tmp_path / "out/intake.json").read_bytes())["messages"]
    assert len(kept) == len(files) and all(row["timed_by"] == "file" for row in kept)


def test_without_a_roster_names_are_taken_as_they_are_written(chosen: Course, web: Web, tmp_path: Path) -> None:
    own = mail_course(tmp_path / "course")
    text = (own / "course.yaml").read_text("utf-8").replace("roster: roster.csv\n", "")
    (own / "course.yaml").write_text(text, "utf-8")
    rows = [
        ("a@x.example", "lab1 - Íñigo Núñez", "lab1-1"),
        ("a@x.example", "lab1 - INIGO NUNEZ (corrected)", "lab1-2"),
        ("a@x.example", "lab2 - Íñigo", "lab2-3"),
        ("Una Persona <b@x.example>", "lab1", "lab1-4"),
        ("c@x.example", "lab1 - Íñigo Núñez", "lab1-5"),
    ]
    for n, (sender, subject, file) in enumerate(rows):
        row = {"from": sender, "subject": subject, "at": f"2026-03-23 18:0{n}+01:00", "link": file}
        fill(tmp_path / "mail", {f"{n}.eml": letter(row, n)})
    assert told(took(tmp_path / "mail", load_course(own), web, tmp_path / "out")) == [
        ("", "lab1_warmup", "doubtful"),
        ("Una Persona", "lab1_warmup", "taken"),
        ("Íñigo Núñez", "lab1_warmup", "superseded"),
        ("Íñigo Núñez", "lab1_warmup", "taken"),
        ("Íñigo Núñez", "lab2_mlp", "taken"),
    ]


def test_an_answer_that_quotes_a_student_s_link_is_not_the_student_s(chosen: Course, web: Web, tmp_path: Path) -> None:
    theirs = {
        "from": "olmo@students.example",
        "subject": "lab1 - Olmo Río",
        "at": "2026-03-23 18:00+01:00",
        "link": "lab1-1",
    }
    answer = theirs | {"from": "teacher@example.org", "at": "2026-03-23 19:00+01:00", "body": "all quoted"}
    fill(tmp_path / "mail", {"1.eml": letter(theirs, 1), "2.eml": letter(answer, 2)})
    assert told(took(tmp_path / "mail", chosen, web, tmp_path / "out")) == [
        ("Olmo Río Verde", "lab1_warmup", "doubtful"),
        ("Olmo Río Verde", "lab1_warmup", "taken"),
    ]


def test_a_module_beside_a_notebook_is_no_second_hand_in(chosen: Course, web: Web, tmp_path: Path) -> None:
    both = {
        "from": "olmo@students.example",
        "subject": "lab1 - Olmo Río",
        "at": "2026-03-23 18:00+01:00",
        "body": "no link",
    }
    fill(tmp_path / "mail", {"1.eml": letter(both | {"attach": ["lab1", "picture:helpers.py"]}, 1)})
    (message,) = took(tmp_path / "mail", chosen, web, tmp_path / "out")
    assert message.became == "taken" and len(message.held) == 1


def test_a_correction_that_is_not_shared_is_answered_and_costs_nothing(
    chosen: Course, web: Web, tmp_path: Path
) -> None:
    first = {
        "from": "olmo@students.example",
        "subject": "lab1 - Olmo Río",
        "at": "2026-03-23 18:00+01:00",
        "link": "lab1-1",
    }
    then = first | {"at": "2026-03-23 19:00+01:00", "link": "private-lab1-2"}
    fill(tmp_path / "mail", {"1.eml": letter(first, 1), "2.eml": letter(then, 2)})
    messages = took(tmp_path / "mail", chosen, web, tmp_path / "out")
    assert told(messages) == [
        ("Olmo Río Verde", "lab1_warmup", "no permission"),
        ("Olmo Río Verde", "lab1_warmup", "taken"),
    ]
    (reply,) = (tmp_path / "out/replies").iterdir()
    assert "Hola, Olmo" in email.message_from_bytes(reply.read_bytes(), policy=email.policy.default).get_content()


EXPORT = f"/uc?export=download&confirm=t&id={BOOK}"
SAFE = "https://eur02.safelinks.protection.outlook.com/ap/t-1/?url="
ADDRESSES: dict[str, str | None] = {
    f"https://colab.research.google.com/drive/{BOOK}?usp=sharing": EXPORT,
    f"https://colab.research.google.com/drive/{BOOK}#scrollTo=abc": EXPORT,
    f"http://colab.research.google.com/drive/{BOOK}/": EXPORT,
    f"https://colab.research.google.com/notebook#fileId={BOOK}": EXPORT,
    f"colab.research.google.com/drive/{BOOK}": EXPORT,
    f"https://drive.google.com/file/d/{BOOK}/view?usp=drive_link": EXPORT,
    f"https://drive.google.com/file/u/1/d/{BOOK}/edit": EXPORT,
    f"https://drive.google.com/open?id={BOOK}": EXPORT,
    f"https://drive.google.com/uc?id={BOOK}&export=download": EXPORT,
    f"https://drive.google.com/file/d/{BOOK}/view?resourcekey=0-abcDEF": f"{EXPORT}&resourcekey=0-abcDEF",
    f"https://www.google.com/url?q=https://colab.research.google.com/drive/{BOOK}&sa=D": EXPORT,
    f"{SAFE}https%3A%2F%2Fdrive.google.com%2Ffile%2Fd%2F{BOOK}%2Fview&data=1": EXPORT,
    f"https://secure-web.example/1abc/https%3A%2F%2Fcolab.research.google.com%2Fdrive%2F{BOOK}": EXPORT,
    f"https://accounts.google.com/AccountChooser?continue=https://drive.google.com/open?id%3D{BOOK}": EXPORT,
    "https://colab.research.google.com/github/a/labs/blob/main/x/lab 1.ipynb": "/a/labs/main/x/lab%201.ipynb",
    "https://github.com/somebody/labs/blob/main/lab1.ipynb": "/somebody/labs/main/lab1.ipynb",
    "https://github.com/somebody/labs/blob/main/../../x.ipynb": None,
    "https://github.com/somebody/labs": None,
    "https://evil.example/drive.google.com/file/d/1AbCdEfGh/view": None,
    "https://drive.google.com.evil.example/file/d/1AbCdEfGh/view": None,
    "file:///etc/passwd": None,
    "http://[": None,
    "javascript:alert(1)": None,
}  # fmt: skip


@pytest.mark.parametrize(("address", "path"), ADDRESSES.items(), ids=[*map(str, range(len(ADDRESSES)))])
def test_an_address_means_a_notebook_of_drive_or_github_or_none(address: str, path: str | None) -> None:
    meant = target(address)
    assert (meant.path if meant else None) == path
    assert meant is None or meant.host in (DRIVE, GITHUB)


@pytest.mark.parametrize(
    "address", ["https://drive.google.com/drive/folders/1AbCdEfGh", "https://drive.google.com/drive/my-drive",
                "https://colab.research.google.com/", f"https://drive.google.com/open?id={'a' * 300}",
                "https://drive.google.com/uc?id=../../etc"]
)  # fmt: skip
def test_what_leads_to_no_notebook_of_drive_says_so(address: str) -> None:
    meant = target(address)
    assert meant is not None and meant.fault and not meant.path


def test_a_link_is_found_in_a_sentence_and_a_quoted_one_apart() -> None:
    own, quoted = links_in_text(
        f"See ({colab('a-1')}). Thanks!\n\nEl lun, 23 mar 2026 a las 10:00, X escribió:\n{colab('b-2')}"
    )
    assert own.addresses == (colab("a-1"),) and quoted.addresses == (colab("b-2"),)
    own, quoted = links_in_html(
        f'<div>x <b>{colab("a-1")}</b></div><div class="gmail_quote"><a href="{colab("b-2")}">y</a></div>'
    )
    assert own.addresses == (colab("a-1"),) and quoted.addresses == (colab("b-2"),)


SUBJECTS = {
    "Lab 1 – Name": ("lab1_warmup", "Name"),
    "RE: lab1-name": ("lab1_warmup", "name"),
    "Lab1_Ane_Etxe": ("lab1_warmup", "Ane Etxe"),
    "lab1 | Ane Etxe (corrected)": ("lab1_warmup", "Ane Etxe"),
    "lab1 (Ane Etxe)": ("lab1_warmup", "Ane Etxe"),
    "[DL4NLP] LAB-01: Ane": ("lab1_warmup", "Ane"),
    "1go laborategia: Ane": ("lab1_warmup", "Ane"),
    "3rd lab, Ane Etxe": ("lab3_rnn", "Ane Etxe"),
    "Práctica nº 2 — Ane": ("lab2_mlp", "Ane"),
    "Ane Etxe Laborategia4": ("lab4_gru", "Ane Etxe"),
    "tarea 1: Ane": ("a1_logistic_regression", "Ane"),
    "lab12 - Ane": (None, None),
    "collaboration": (None, None),
}


@pytest.mark.parametrize(("subject", "read"), SUBJECTS.items(), ids=SUBJECTS)
def test_a_subject_is_read_as_people_write_it(
    subject: str, read: tuple[str | None, str | None], chosen: Course
) -> None:
    lab, name = read
    found = read_subject(subject, chosen)
    assert found.labs == ((lab,) if lab else ())
    assert name is None or found.name == name


EARLY, LATE, NEXT = (
    "Mon, 23 Mar 2026 18:00:00 +0100",
    "Mon, 23 Mar 2026 18:31:00 +0100",
    "Tue, 24 Mar 2026 9:00:00 +0100",
)
RECEIVED: dict[str, tuple[list[str], str, str, TimedBy]] = {
    "the uppermost": ([f"by b.x; {LATE}", f"by a.x; {EARLY}"], "", "17:31", TimedBy.RECEIVED),
    "our server's": ([f"by c.x; {NEXT}", f"by b.x (P); {LATE}"], "b.x", "17:31", TimedBy.RECEIVED),
    "with a remark": ([f"by b.x;\n\t{LATE} (CET)"], "", "17:31", TimedBy.RECEIVED),
    "the next, where one is broken": (["by b.x; soon", f"by a.x; {LATE}"], "", "17:31", TimedBy.RECEIVED),
    "the sender's, where there is none": ([], "", "16:00", TimedBy.DATE),
    "the sender's, where none is our server's": ([f"by a.x; {EARLY}"], "b.x", "16:00", TimedBy.DATE),
}


@pytest.mark.parametrize(("hops", "server", "hour", "by"), RECEIVED.values(), ids=RECEIVED)
def test_when_a_message_came_is_told_by_the_server_that_took_it(
    hops: list[str], server: str, hour: str, by: TimedBy
) -> None:
    head = "".join(f"Received: from somewhere {hop}\n" for hop in hops)
    got = read_letter(f"{head}Date: Mon, 23 Mar 2026 17:00:00 +0100\nSubject: x\n\nx\n".encode(), server)
    assert got.time is not None and (f"{got.time:%H:%M}", got.timed_by) == (hour, by)


WHOLE = letter(ROWS[48], 49)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, len(WHOLE)), st.integers(0, 60))
def test_a_message_of_any_bytes_is_read_without_a_fault_of_ours(noise: bytes, at: int, cut: int) -> None:
    for data in (noise, WHOLE[:at] + noise + WHOLE[at + cut :], WHOLE[:at]):
        got = read_letter(data)
        assert len(got.key) == 64 and "\n" not in got.subject + got.sender_name


def test_headers_that_lie_about_their_charset_cost_themselves_only() -> None:
    head: list[Any] = [
        b"Subject: =?nonsense?B?bGFiMQ==?= =?utf-8?Q?=C3?= lab1",
        b"From: =?utf-8?B?/w==?= <a@x.example>",
    ]
    got = read_letter(
        b"\n".join([*head, b'Content-Type: text/plain; charset="klingon"', b"", b"\xff https://x.example"])
    )
    assert "lab1" in got.subject and got.sender == "a@x.example" and got.links == ("https://x.example",)


HEADERS: dict[bytes, tuple[str, str, str]] = {
    "Subject: lab1 – Ñu\nFrom: Ana Ñu <A@x.example>".encode(): ("lab1 – Ñu", "Ana Ñu", "a@x.example"),
    'Subject: práctica 1\nFrom: "Ñu, Ana" <a@x.example>'.encode("cp1252"): ("práctica 1", "Ñu, Ana", "a@x.example"),
    b"Subject: x =?utf-8?Q?=C3=91?=\n =?utf-8?Q?u?= y\nFrom: =?utf-8?B?w5F1LCBBbmE=?= <a@x.example>": (
        "x Ñu y",
        "Ñu, Ana",
        "a@x.example",
    ),
    b"Subject: lab1\r\n\t- Ana\r\nFrom: a@x.example (Ana)": ("lab1 - Ana", "Ana", "a@x.example"),
    b"Subject: lab1\nFrom: Ana, Nu <a@x.example>": ("lab1", "Ana, Nu", "a@x.example"),
    b"Subject: a\x1b[31mb\xe2\x80\xaec\nFrom: a@x.example": ("a [31mb c", "", "a@x.example"),
}


@pytest.mark.parametrize(("head", "read"), HEADERS.items(), ids=[*map(str, range(len(HEADERS)))])
def test_headers_are_read_however_they_are_encoded(head: bytes, read: tuple[str, str, str]) -> None:
    got = read_letter(head + b"\n\nx\n")
    assert (got.subject, got.sender_name, got.sender) == read


def test_a_subject_without_a_lab_names_nobody_where_the_sender_has_a_name() -> None:
    evidence = Evidence("d@x.example", "Dora Versuch", "no subject", "no subject", speaks_of_a_lab=False)
    student = who_sent(evidence, ()).student
    assert student is not None and student.name == "Dora Versuch"
