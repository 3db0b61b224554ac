"""A mailbox as a course has it, made of the rows of tests/mailbox/messages.yaml, and a server that stands for Drive."""

import base64
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

import nbformat
import yaml

from reference.notebooks import as_json, solution

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "mailbox"
ROWS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "messages.yaml").read_text("utf-8"))
PAGE = "<!doctype html><html><head><title>Sign in - Google Accounts</title></head></html>"
SHORT = {
    "lab1": "lab1_warmup",
    "a1": "a1_logistic_regression",
    "lab2": "lab2_mlp",
    "lab3": "lab3_rnn",
    "lab4": "lab4_gru",
    "lab5": "lab5_attention",
    "lab5b": "lab5b_bert",
    "lab6": "lab6_captioning",
}


def mail_course(folder: Path) -> Path:
    """Our labs, with days, a time zone and a roster of invented people."""
    folder.mkdir(parents=True)
    for name in ("rubrics", "reference"):
        (folder / name).symlink_to(ROOT / name)
    ours = (ROOT / "course.yaml").read_text("utf-8")
    (folder / "course.yaml").write_text(ours + (FOLDER / "schedule.yaml").read_text("utf-8"), "utf-8")
    (folder / "roster.csv").write_text((FOLDER / "roster.csv").read_text("utf-8"), "utf-8")
    return folder


def notebook_of(lab: str, version: str = "") -> bytes:
    """The solution, which no two versions share by content; `plain` is one that nothing tells the lab of."""
    if lab == "plain":
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"x = 1  # {version}", id="a")])
        return nbformat.writes(book).encode()
    book = json.loads(_solved(lab))
    book["metadata"]["version"] = version
    return json.dumps(book).encode()


@cache
def _solved(lab: str) -> str:
    return as_json(solution(SHORT[lab]))


class _Drive(BaseHTTPRequestHandler):
    """`lab1-0001-3` is a notebook, other ids are what Drive says of what it does not give."""

    closed: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        file = parse_qs(asked.query).get("id", [""])[0]
        if asked.path == "/ServiceLogin":
            self._answer(200, PAGE.encode())
        elif file.startswith("private") and file not in _Drive.closed:
            self._answer(302, b"", "/ServiceLogin?continue=x")
        elif file.startswith(("forbidden", "gone", "busy")):
            self._answer({"f": 403, "g": 404, "b": 503}[file[0]], b"")
        elif file.startswith("page"):
            self._answer(200, PAGE.encode())
        else:
            lab, _, version = file.removeprefix("private-").partition("-")
            self._answer(200, notebook_of(lab, version))

    def _answer(self, code: int, content: bytes, location: str = "") -> None:
        self.send_response(code)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal of the tests."""


@contextmanager
def drive() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Drive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        _Drive.closed.clear()


def permit(file: str) -> None:
    """The student shares it after all."""
    _Drive.closed.add(file)


def colab(file: str) -> str:
    return f"https://colab.research.google.com/drive/{file}?usp=sharing"


def letter(row: Mapping[str, Any], number: int) -> bytes:
    mail = EmailMessage()
    at = _moment(row["at"])
    if row.get("received", True):
        when = format_datetime(at)
        mail["Received"] = f"from out.example.net by mx.example.org with ESMTPS id {number}; {when}"
        mail["Received"] = f"from [10.0.0.1] by out.example.net (Postfix); {format_datetime(at)}"
    mail["From"] = row["from"]
    mail["To"] = "teacher@example.org"
    mail["Date"] = format_datetime(_moment(row.get("dated", row["at"])))
    mail["Message-ID"] = f"<{number}@example.net>"
    mail["Subject"] = "SUBJECT"
    _fill(mail, row)
    for n, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"part-{number}-{n}")
    packed = BytesIO()
    BytesGenerator(packed, policy=SMTP).flatten(mail)
    return packed.getvalue().replace(b"SUBJECT", _subject(row), 1).replace(b"\r\n", b"\n")


def _moment(told: Any) -> datetime:
    """YAML knows those with seconds by itself."""
    return told if isinstance(told, datetime) else datetime.fromisoformat(told)


def _subject(row: Mapping[str, Any]) -> bytes:
    """As is where it is ASCII, else in encoded words of the row's charset."""
    text = row["subject"]
    if text.isascii():
        return text.encode()
    charset = row.get("charset", "utf-8")
    words = [text[n : n + 20].encode(charset) for n in range(0, len(text), 20)]
    return b"\r\n ".join(b"=?%s?B?%s?=" % (charset.encode(), base64.b64encode(word)) for word in words)


def _fill(mail: EmailMessage, row: Mapping[str, Any]) -> None:
    links = [row["link"]] if isinstance(row.get("link"), str) else row.get("link", [])
    addresses = [link if "/" in link else colab(link) for link in links]
    how = row.get("body", "text")
    text = TEXTS[how]("\n".join(map(GATEWAYS.get(how, str), addresses)))
    mail.set_content(text if how != "html" else "See the other part.\n")
    if how in HTML:
        mail.add_alternative(HTML[how](addresses), subtype="html")
    for name in row.get("attach", []):
        lab, _, version = name.partition(":")
        file = version or f"{lab}.ipynb"
        data = _zipped(lab, file) if file.endswith(".zip") else _attached(lab, file)
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=file)


def _attached(lab: str, file: str) -> bytes:
    if lab == "damaged":
        return b'{"cells": [{"cell_type": "code", "sou'
    return b"\x89PNG\r\n" if lab == "picture" else notebook_of(lab, file)


def _zipped(lab: str, file: str) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for one in lab.split("+"):
            archive.writestr(
                f"../{one}/{one}.ipynb" if one != "empty" else "readme.txt",
                notebook_of(one, file) if one != "empty" else b"",
            )
    return packed.getvalue()


def _defended(address: str) -> str:
    packed = quote(address.replace("-", "%2D"), safe="%").replace("%", "-").replace("_", "-5F")
    return f"https://urldefense.proofpoint.com/v2/url?u={packed.replace('-2F', '_')}&d=DwMFaQ&c=x"


def _defended_again(address: str) -> str:
    cut = base64.urlsafe_b64encode(b"?=").decode()
    return f"https://urldefense.com/v3/__{address.replace('?', '*').replace('=', '*')}__;{cut}!!Abc!xyz$"


GATEWAYS = {
    "safelinks": lambda a: (
        f"https://eur01.safelinks.protection.outlook.com/?url={quote(a, safe='')}&data=05%7C01&reserved=0"
    ),
    "urldefense": _defended,
    "urldefense3": _defended_again,
    "google": lambda a: f"https://www.google.com/url?q={quote(a, safe='')}&source=gmail&ust=1",
    "signin": lambda a: f"https://accounts.google.com/ServiceLogin?service=wise&continue={quote(a, safe='')}",
}
TEXTS: dict[str, Any] = dict.fromkeys(("text", *GATEWAYS), lambda links: f"Hello,\n\nhere it is: <{links}>.\nBye\n")
TEXTS |= {
    "html": lambda links: "",
    "html only": lambda links: "",
    "html quote": lambda links: "",
    "quote": lambda links: (
        f"{links}\n\nOn Monday, the teacher wrote:\n> https://colab.research.google.com/drive/gone-teachers\n"
    ),
    "all quoted": lambda links: f"On Monday I wrote:\n> {links}\n",
    "no link": lambda links: "Here is my lab.\nFrom my phone\n",
    "injection": lambda links: f"$(touch pwned); `id` ../../etc/passwd <script>alert(1)</script>\n{links}\n",
}
HTML = {
    "html": lambda a: f'<p>Kaixo! <a href="{a[0]}">my notebook</a></p>',
    "html quote": lambda a: (
        f'<p><a href="{a[0]}">mine</a></p><blockquote><a href="{colab("gone-teachers")}">x</a></blockquote>'
    ),
    "html only": lambda a: f"<div>Mi cuaderno: {a[0].replace('&', '&amp;')}<br>Un saludo</div><script>x()</script>",
}


def mbox(rows: list[dict[str, Any]]) -> bytes:
    out = []
    for number, row in enumerate(rows, 1):
        body = letter(row, number).replace(b"\nFrom ", b"\n>From ")
        out.append(b"From MAILER-DAEMON Mon Mar 23 18:00:00 2026\n" + body + b"\n")
    return b"".join(out)
