"""Mail is read from a real IMAP server, once, and nothing there is changed; the password is never written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_imap import SECRET, Server, imap_server
from sample_mailbox import ROWS, drive, letter, mail_course
from test_cli import grader, refused

PASSWORD = "GRADER_MAIL_PASSWORD"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with imap_server(tmp_path_factory.mktemp("imap")) as running:
        yield running


def test_a_mailbox_on_a_server_is_taken_in_once_and_left_as_it_was(server: Server, tmp_path: Path) -> None:
    course = mail_course(tmp_path / "course")
    said = (course / "course.yaml").read_text("utf-8")
    (course / "course.yaml").write_text(f"{said}mailbox: {{address: '{server.address}'}}\n", "utf-8")
    for n in (1, 2, 16):
        (server.mail / "new" / f"{n}.host").write_bytes(letter(ROWS[n - 1], n))
    with drive() as address:
        trust = {"SSL_CERT_FILE": str(server.certificate), "GRADER_DRIVE": address}
        take = ("intake", "--out", "out", "--course", course)
        refused(grader(*take, folder=tmp_path, **trust), 2, "There is no password for localhost", PASSWORD)
        done = grader(*take, folder=tmp_path, **trust, **{PASSWORD: SECRET})
        assert "3 messages, 3 of them new: 3 taken." in done.stderr, done.stderr
        (server.mail / "new" / "3.host").write_bytes(letter(ROWS[2], 3))
        done = grader(*take, folder=tmp_path, **trust, **{PASSWORD: SECRET})
        assert "4 messages, 1 of them new: 4 taken." in done.stderr, done.stderr
    kept = [path.name for folder in ("new", "cur") for path in (server.mail / folder).iterdir()]
    assert len(kept) == 4 and not any("S" in name.partition(":2,")[2] for name in kept), "none was marked as read"
    assert not any(SECRET.encode() in path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())


def test_who_is_not_who_they_say_is_told_in_a_sentence(server: Server, tmp_path: Path) -> None:
    course, trust = mail_course(tmp_path / "course"), {"SSL_CERT_FILE": str(server.certificate)}
    take = ("--out", "out", "--course", course)
    wrong = grader("intake", server.address, *take, folder=tmp_path, **trust, **{PASSWORD: "wrong-word"})
    refused(wrong, 2, "localhost refused 'teacher'", f"the password in ${PASSWORD}")
    assert "wrong-word" not in wrong.stderr
    elsewhere = server.address.replace("INBOX", "No%20such")
    refused(
        grader("intake", elsewhere, *take, folder=tmp_path, **trust, **{PASSWORD: SECRET}), 2, "the folder 'No such'"
    )
    unknown = grader("intake", server.address, *take, folder=tmp_path, **{PASSWORD: SECRET})
    refused(unknown, 2, "localhost cannot be reached as a mail server", "CERTIFICATE_VERIFY_FAILED")
