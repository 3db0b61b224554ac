"""Which rows a student's files become: versions, archives, what cannot be opened. Nothing stops a class."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_hand_ins import fill, notebook, tarred, zipped

from grader.intake.collect import collect, hand_ins
from grader.model import Submission

RAR, SEVEN = b"Rar!\x1a\x07\0" + bytes(60), b"7z\xbc\xaf\x27\x1c" + bytes(60)

NO_NOTEBOOKS = {
    "work.rar": (RAR, "Rar"),
    "work.7z": (SEVEN, "7z"),
    "work.zip": (zipped({}), "archive is empty"),
    "torn.zip": (zipped({"lab2.ipynb": notebook()})[:-30], "damaged"),
    "torn.tar.gz": (tarred({"lab2.ipynb": notebook()})[:60], "gzip"),
    "lab2.pdf": (b"%PDF-1.7", "PDF"),
    "lab2.docx": (zipped({"word/document.xml": b"<w/>"}), "Word"),
    "screen.png": (b"\x89PNG" + bytes(30), "picture"),
    "link.txt": (b"https://colab.research.google.com/drive/1abc", "link to Colab"),
    "lab2.url": (b"[InternetShortcut]\nURL=https://example.org", "shortcut"),
    "sorry.txt": (b"I could not finish it in time, sorry.", "text"),
    "photos.zip": (zipped({"a.png": b"\x89PNG" + bytes(30)}), "picture"),
}


def by_student(found: tuple[Submission, ...]) -> dict[str, Submission]:
    assert len({each.student for each in found}) == len(found)
    return {each.student: each for each in found}


@pytest.mark.parametrize("file", NO_NOTEBOOKS)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_whatever_a_student_handed_in_is_a_row_with_a_sentence(file: str, packed: bool, tmp_path: Path) -> None:
    data, said = NO_NOTEBOOKS[file]
    files = {"Ane Agirre/lab2.ipynb": notebook(), f"Jon Ruiz/{file}": data}
    fill(tmp_path / "class", files)
    (tmp_path / "class.zip").write_bytes(zipped(files))
    rows = by_student(collect([tmp_path / ("class.zip" if packed else "class")]))
    assert rows["Ane Agirre"].fault is None
    assert said in (rows["Jon Ruiz"].fault or "")
    assert rows["Jon Ruiz"].file.startswith(f"Jon Ruiz/{file}")


@pytest.mark.parametrize("name", ["Eva Soto.tar", "Eva Soto.tgz", "Eva Soto.tar.bz2", "Eva Soto.tar.xz"])
def test_a_tar_is_read_like_a_zip(name: str, tmp_path: Path) -> None:
    how = {"tar": "w:", "tgz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}[name.rpartition(".")[2]]
    fill(tmp_path, {name: tarred({"lab2.ipynb": notebook()}, how), "Jon Ruiz.zip": zipped({"lab2.ipynb": notebook()})})  # type: ignore[arg-type]
    assert {(each.student, each.lab, each.fault) for each in collect([tmp_path])} == {
        ("Eva Soto", "lab2_mlp", None),
        ("Jon Ruiz", "lab2_mlp", None),
    }


@pytest.mark.parametrize("name", ["lab2.ipynb.txt", "lab2.ipynb.json", "lab2.json", "lab2", "lab2.ipynb.part"])
def test_a_notebook_by_another_name_is_read(name: str, tmp_path: Path) -> None:
    (row,) = collect([fill(tmp_path, {f"Jon Ruiz/{name}": notebook()})])
    assert (row.student, row.lab, row.fault) == ("Jon Ruiz", "lab2_mlp", None)


VERSIONS = {
    "numbers": ["lab2_v1", "lab2_v10", "lab2_v9"],
    "copies": ["lab2", "lab2 (2)", "lab2 (1)"],
    "dates": ["lab2_2023-11-09", "lab2_2023-11-21", "lab2_2023-10-30"],
    "words": ["lab2_draft", "lab2_final", "lab2"],
    "more words": ["lab2_final", "lab2_final_final", "lab2"],
    "old folders": ["old/lab2_final", "lab2", "backup/lab2"],
    "folders": ["1/lab2", "12/lab2", "2/lab2"],
    "titles": ["Untitled0", "lab2", "Untitled1"],
}


@pytest.mark.parametrize("kind", VERSIONS)
def test_the_newest_version_counts_and_the_others_are_named(kind: str, tmp_path: Path) -> None:
    files = {f"Ane/{name}.ipynb": notebook("# Lab2", f"x = {n}") for n, name in enumerate(VERSIONS[kind])}
    fill(tmp_path, files | {"Jon/lab2.ipynb": notebook()})
    for path in tmp_path.rglob("*.ipynb"):
        os.utime(path, (1e9, 1e9))
    row = by_student(collect([tmp_path], "lab2_mlp"))["Ane"]
    first, newest, last = files
    assert row.file == newest
    assert "newest of 3 versions" in row.repairs[0] and first in row.repairs[0] and last in row.repairs[0]


def test_parts_of_one_work_each_count(tmp_path: Path) -> None:
    parts = {f"Ane/lab2_part{n}.ipynb": notebook(source=f"x = {n}") for n in (1, 2)}
    found = collect([fill(tmp_path, parts | {"Jon/lab2.ipynb": notebook()})])
    assert {each.file for each in found} == {*parts, "Jon/lab2.ipynb"}
    assert all(each.student.startswith("Ane") for each in found if each.file in parts)


def test_what_a_student_handed_in_as_well_is_named_with_the_notebook(tmp_path: Path) -> None:
    fill(tmp_path, {"Ane/lab2.ipynb": notebook(), "Ane/lab2 (1).ipynb": b"", "Jon/lab2.ipynb": notebook()})
    row = by_student(collect([tmp_path]))["Ane"]
    assert row.fault is None
    assert "'Ane/lab2 (1).ipynb' was handed in as well and could not be read" in row.repairs[0]


@pytest.fixture
def without_end(tmp_path: Path) -> Iterator[Path]:
    """Python removes folders one within another, and these are too many."""
    yield tmp_path / "class"
    subprocess.run(["rm", "-rf", tmp_path / "class"], check=True)


@pytest.mark.parametrize(("name", "times"), [("a", 1200), ("b" * 20, 400)], ids=["many", "beyond 4096 bytes"])
def test_folders_without_end_are_one_row(
    name: str, times: int, without_end: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(without_end, {"Ane/lab2.ipynb": notebook(), "Jon/.keep": b""})
    monkeypatch.chdir(without_end / "Jon")
    for _ in range(times):
        os.mkdir(name)
        os.chdir(name)
    Path("lab2.ipynb").write_bytes(notebook())
    rows = by_student(collect([without_end]))
    assert rows["Ane"].fault is None
    assert "deep" in (rows["Jon"].fault or "")


@pytest.mark.parametrize("name", ["a/" * 3000, "b" * 60_000, "/".join(["c" * 200] * 30)], ids=len)
@pytest.mark.parametrize("how", [zipped, tarred])
def test_a_name_without_end_in_an_archive_is_one_row(name: str, how: type, tmp_path: Path) -> None:
    files = {"Ane/lab2.ipynb": notebook(), f"Jon/{name}/lab2.ipynb": notebook()}
    found = collect([fill(tmp_path, {"class.zip" if how is zipped else "class.tar.gz": how(files)})])
    assert by_student(found).keys() == {"Ane", "Jon"}


def test_what_the_shell_names_is_a_row_each_whatever_it_is(tmp_path: Path) -> None:
    files = {"Ane/lab2.ipynb": notebook(), "Eva/x.rar": RAR, "Noa.ipynb": notebook(source="y = 3"), "README.md": b"#"}
    fill(tmp_path, files | {"Leo/.DS_Store": b"", "__MACOSX/._x": b""})
    (tmp_path / "Jon").symlink_to("Ane")
    (tmp_path / "Iker").symlink_to("gone")
    (tmp_path / "Zoe").mkdir()
    found = hand_ins(sorted(tmp_path.iterdir()))
    rows = by_student(found.submissions)
    assert {name for name, row in rows.items() if not row.fault} == {"Ane", "Noa"}
    assert {name for name, row in rows.items() if "link" in (row.fault or "")} == {"Jon", "Iker"}
    assert rows.keys() == {"Ane", "Noa", "Jon", "Iker", "Eva", "Leo", "Zoe"}
    assert "README.md" in found.passed_over[0] and "__MACOSX" in found.passed_over[0]


def test_links_that_the_shell_names_earn_nothing(tmp_path: Path) -> None:
    fill(tmp_path, {"Ane/lab2.ipynb": notebook(), "Jon/.keep": b"", "Eva/own/lab2.ipynb": notebook()})
    (tmp_path / "Jon/lab2.ipynb").symlink_to("../Ane/lab2.ipynb")
    (tmp_path / "Eva/lab2.ipynb").symlink_to("own/lab2.ipynb")
    (tmp_path / "Leo").symlink_to("Ane")
    rows = by_student(collect(sorted(tmp_path.glob("*/lab2.ipynb"))))
    assert {name: bool(row.fault) for name, row in rows.items()} == {
        "Ane": False,
        "Eva": False,
        "Jon": True,
        "Leo": True,
    }


ROWS = """
import sys
from pathlib import Path
from grader.intake.collect import collect
for row in collect([Path(sys.argv[1])]):
    print(row.student, row.fault or "is read", sep=": ")
"""


def test_a_folder_nobody_may_read_is_a_row(tmp_path: Path) -> None:
    fill(tmp_path, {"Ane/lab2.ipynb": notebook(), "Jon/closed/lab2.ipynb": notebook()})
    (tmp_path / "Jon/closed").chmod(0)
    humbled = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if humbled and not shutil.which("setpriv"):
        pytest.skip("root may read everything, and there is no setpriv to give that up")
    command = [*humbled, sys.executable, "-c", ROWS, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent, check=True)
    (tmp_path / "Jon/closed").chmod(0o700)
    ane, jon = done.stdout.splitlines()
    assert ane == "Ane: is read"
    assert jon.startswith("Jon: ") and "Permission denied" in jon


@pytest.mark.parametrize("link", ["../Ane/lab2.ipynb", "../Ane", "/etc"])
def test_a_link_out_of_ones_own_folder_is_a_row_with_a_reason(link: str, tmp_path: Path) -> None:
    fill(tmp_path, {"Ane/lab2.ipynb": notebook(), "Jon/.keep": b""})
    (tmp_path / "Jon/lab2.ipynb").symlink_to(link)
    rows = by_student(collect([tmp_path]))
    assert (rows["Jon"].cells, "link" in (rows["Jon"].fault or "")) == ((), True)
    assert rows["Ane"].fault is None


@pytest.mark.parametrize("seed", range(12))
def test_no_damage_to_an_archive_stops_a_class(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    files = {"Ane/lab2.ipynb": notebook(), "Jon.zip": zipped({"lab2.ipynb": notebook(source="y = 2" * 99)})}
    data = bytearray((zipped, tarred)[seed % 2](files))
    for _ in range(chance.randint(1, 40)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    fill(tmp_path, {("work.zip", "work.tgz")[seed % 2]: bytes(data), "Eva/lab2.ipynb": notebook()})
    found = hand_ins([tmp_path]).submissions
    assert any(each.student == "Eva" and not each.fault for each in found) and len(found) > 1


def test_names_in_a_zip_made_by_windows_are_read_in_its_code_page(tmp_path: Path) -> None:
    names = ["Begoña Ibáñez", "Íñigo Núñez", "Úrsula Peña"]
    plain = {f"{'x' * len(name)}{n}/lab2.ipynb": notebook() for n, name in enumerate(names)}
    data = zipped(plain)
    for n, name in enumerate(names):
        data = data.replace(f"{'x' * len(name)}{n}/".encode(), f"{name}{n}/".encode("cp850"))
    (tmp_path / "class.zip").write_bytes(data)
    found = [each.student for each in collect([tmp_path / "class.zip"])]
    assert found == [f"{name}{n}" for n, name in enumerate(names)]
