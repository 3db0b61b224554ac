"""Texts of the course in another form: unpacked or packed once, and read as if the notebook had done it by itself."""

import ast
import bz2
from pathlib import Path

import pytest

from grader.batch.hidden_labels import labels_hidden
from grader.data import forms
from grader.data.folder import data_folder, shown
from grader.data.parts import SNLI, TREES
from grader.model import Cell, CellStatus, Limits, TrainBudget
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import open_session

TEXT = "".join(f"(3 ({n % 5} línea) (2 {n}))\n" for n in range(20_000)).encode()
PAIR = (
    b'{"gold_label": "neutral", "sentence1_binary_parse": "a", "sentence2_binary_parse": "b", "annotator_labels": []}\n'
)
READS = """
import bz2, io, os
def ends(read):
    try:
        return read()
    except Exception as error:
        return type(error).__name__, str(error)
def course(name): return bz2.BZ2File("drive/My Drive/trees/" + name)
def ordinary(name):
    with open("drive/My Drive/trees/" + name, "rb") as file: return bz2.BZ2File(io.BytesIO(file.read()))
def is_quick(file): return type(file._buffer.raw).__name__ == "Text"
"""
SAME = """
def moved(file):
    told = [file.seek(7), file.read(3), file.seek(4, 1), file.tell(), file.readline(), file.seek(-5, 2), file.read()]
    told += [file.seek(10 ** 9), file.read(), file.seek(-3), file.peek(4)[:4], file.readinto(bytearray(9)), file.tell()]
    told += [ends(lambda: file.seek(0, 7)), ends(lambda: file.write(b"x")), file.seek(0), len(file.readlines(5000))]
    return told + [file.seekable(), file.readable(), file.writable(), file.closed]
def lines(file): return sum(map(len, file)), file.close(), file.closed, ends(file.read), ends(file.tell)
def text(file):
    with io.TextIOWrapper(file, encoding="utf-8") as lines: return [line[:9] for line in lines][-3:], lines.closed
def latin(file): return io.TextIOWrapper(file, encoding="latin-1").readline()
def twice(file): return ends(lambda: bz2.open(file, "rt").readline())
ways = moved, lines, text, latin, twice, lambda file: hash(file.read()), lambda file: file.read1(100)
same = [way(course("train.txt.bz2")) == way(ordinary("train.txt.bz2")) for way in ways]
print([is_quick(course("train.txt.bz2")), is_quick(course("dev.txt.bz2")), is_quick(ordinary("dev.txt.bz2")), *same])
"""
OWN = """
place = "drive/My Drive/trees/"
by_itself = bz2.decompress(open(place + "train.txt.bz2", "rb").read())
with bz2.open(place + "train.txt.bz2", "rt", encoding="utf-8") as file: quick = file.read().encode() == by_itself
plain = open(place + "train.txt", "rb").read() == by_itself
with bz2.open(place + "train.txt.bz2", "at") as file: file.write("mine")
with bz2.open(place + "new.txt.bz2", "wt") as file: file.write("new")
os.remove(place + "test.txt.bz2")
with bz2.open(place + "test.txt.bz2", "wt") as file: file.write("other")
own = [bz2.open(place + name + ".txt.bz2").read()[-5:] for name in ("train", "new", "test")]
print([quick, plain, own, [is_quick(course(name + ".txt.bz2")) for name in ("train", "new", "test")]])
"""
ELSE = """
import pandas, subprocess
place = "drive/My Drive/trees/train.txt.bz2"
frame = pandas.read_csv(place, sep="\\t", header=None, names=["tree"])
said = subprocess.run(["bzcat", place], capture_output=True).stdout.count(b"\\n")
print([len(frame), said, sorted(os.listdir("drive/My Drive/trees"))])
"""


SAID: list[str] = []


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tmp_path.chmod(0o755)


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """Two texts packed, of which one is two streams behind one another; the third is plain."""
    folder = tmp_path / "own" / "trees"
    folder.mkdir(parents=True)
    (folder / "train.txt.bz2").write_bytes(bz2.compress(TEXT[:100_000]) + bz2.compress(TEXT[100_000:]))
    (folder / "dev.txt").write_bytes(TEXT[:51_000])
    (folder / "test.txt.bz2").write_bytes(bz2.compress(TEXT[:9000]))
    return folder


def made(trees: Path, as_packed: bool = True) -> dict[str, Path]:
    found = forms.other_forms([TREES], {"trees": trees}, (), as_packed, SAID.append)
    return {file.name: file for folder in found.values() for file in folder.iterdir()}


def test_each_text_gets_its_other_form_and_a_plain_one_only_where_packed_ones_are_asked_for(trees: Path) -> None:
    found = made(trees)
    assert set(found) == {"train.txt", "dev.txt.bz2", "test.txt"}
    assert found["train.txt"].read_bytes() == TEXT
    assert bz2.decompress(found["dev.txt.bz2"].read_bytes()) == TEXT[:51_000]
    assert set(made(trees, as_packed=False)) == {"train.txt", "test.txt"}
    (trees / "train.txt").write_text("of the teacher's own")
    assert set(made(trees)) == {"dev.txt.bz2", "test.txt"}


def test_what_is_kept_is_made_once_and_anew_where_it_is_damaged_or_its_source_has_changed(trees: Path) -> None:
    first = made(trees)["test.txt"]
    before = first.stat().st_ino
    SAID.clear()
    assert made(trees)["test.txt"].stat().st_ino == before and not SAID
    first.write_bytes(TEXT[:8000] + b"x" * 1000)
    assert made(trees)["test.txt"].read_bytes() == TEXT[:9000]
    assert SAID == ["waits for test.txt, which is made of test.txt.bz2 once"]
    (trees / "test.txt.bz2").write_bytes(bz2.compress(b"other"))
    assert made(trees)["test.txt"].read_bytes() == b"other"
    assert forms.kept()[:2] == (4, first.stat().st_size + len(TEXT) + made(trees)["dev.txt.bz2"].stat().st_size + 5)


def test_what_cannot_be_made_is_left_to_the_notebook(trees: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (trees / "test.txt.bz2").write_bytes((trees / "test.txt.bz2").read_bytes()[:-20])
    assert set(made(trees)) == {"train.txt", "dev.txt.bz2"}
    monkeypatch.setattr(forms, "LARGEST", 8000)
    (trees / "test.txt.bz2").write_bytes(bz2.compress(TEXT[:9000] + b"more"))
    assert "test.txt" not in made(trees)


def test_other_forms_of_hidden_test_sets_end_with_the_batch(tmp_path: Path, trees: Path) -> None:
    pairs = tmp_path / "own" / "snli"
    pairs.mkdir()
    for name in SNLI.files:
        (pairs / f"{name}.bz2").write_bytes(bz2.compress(PAIR))
    code = (Cell(0, "code", "import bz2; bz2.open('snli/snli_1.0_test.jsonl.bz2'), 'trees/'"),)
    with labels_hidden(data_folder(tmp_path / "own"), 3) as hidden:
        parts = shown(hidden, code, lambda said: None)
        for name in (".snli.snli_1.0_test.jsonl", ".trees.test.txt"):
            assert parts[name].is_relative_to(hidden.parts["snli"].parent)
        assert (hidden.parts["snli"] / "snli_1.0_test.jsonl.bz2").is_file()
        assert parts[".trees.train.txt"].is_relative_to(tmp_path / "cache")
        assert ".trees.train.txt" not in shown(hidden, (Cell(0, "code", "import bz2"),), lambda said: None)
    assert not parts[".trees.test.txt"].exists() and parts[".trees.train.txt"].exists()


def printed(trees: Path, *sources: str) -> list[object]:
    cells = tuple(Cell(i, "code", source) for i, source in enumerate((READS, *sources)))
    data = shown(data_folder(trees.parent), cells, lambda said: None)
    setting = Setting(0, data, Limits(), TrainBudget(), seed=3, isolation=best_isolation())
    with open_session(setting) as session:
        run = session.run(cells)
    assert {cell.status for cell in run.cells} == {CellStatus.OK}, [cell.trouble for cell in run.cells]
    said = "".join(str(output.get("text", "")) for cell in run.cells for output in cell.outputs)
    return [ast.literal_eval(line) for line in said.splitlines()]


def test_a_packed_text_of_the_course_is_read_as_ever_only_quicker(kernel: None, trees: Path) -> None:
    quick, others = printed(trees, SAME, ELSE)
    assert quick == [True, True, False, *[True] * 7]
    assert others == [20_000, 20_000, ["dev.txt", "dev.txt.bz2", "test.txt.bz2", "train.txt.bz2"]]


def test_what_a_notebook_writes_in_its_place_is_its_own(kernel: None, trees: Path) -> None:
    assert printed(trees, OWN) == [[True, True, [b"\nmine", b"new", b"other"], [False, False, False]]]
