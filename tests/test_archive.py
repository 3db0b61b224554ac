"""What is taken out of a zip, and what a hostile or broken one cannot do."""

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest

from grader.intake import archive
from grader.intake.collect import collect
from grader.model import Submission
from tests.sample_hand_ins import zipped

NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1"}]}).encode()


def collected(folder: Path, data: bytes) -> tuple[Submission, ...]:
    (folder / "class.zip").write_bytes(data)
    return collect([folder / "class.zip"])


def test_the_path_of_a_member_is_the_zips_path_and_its_name(tmp_path: Path) -> None:
    (row,) = collected(tmp_path, zipped({"student01/lab1.ipynb": NOTEBOOK}))
    assert row.path == tmp_path / "class.zip" / "student01" / "lab1.ipynb"
    assert row.fault is None


@pytest.mark.parametrize(
    "name", ["../../student01_lab1.ipynb", "/student01_lab1.ipynb", "C:\\..\\student01_lab1.ipynb"]
)
def test_a_name_cannot_lead_out_of_the_zip(name: str, tmp_path: Path) -> None:
    (row,) = collected(tmp_path, zipped({name: NOTEBOOK}))
    assert row.path == tmp_path / "class.zip" / "student01_lab1.ipynb"
    assert [each.name for each in tmp_path.iterdir()] == ["class.zip"]


def test_a_mac_name_without_the_utf8_mark_is_read_as_it_was_meant(tmp_path: Path) -> None:
    data = zipped({"Eñe_lab1.ipynb": NOTEBOOK})
    unmarked = data.replace(struct.pack("<H", 0x800), struct.pack("<H", 0))
    assert unmarked != data
    assert collected(tmp_path, unmarked)[0].student == "Eñe"


def test_a_zip_of_zips_is_read(tmp_path: Path) -> None:
    inner = zipped({"lab1.ipynb": NOTEBOOK, "data.csv": b"1"})
    found = collected(tmp_path, zipped({"student01.zip": inner, "student02_5_assignsubmission_file_/x.zip": inner}))
    assert [(each.student, each.lab) for each in found] == [("student01", "lab1_warmup"), ("student02", "lab1_warmup")]


def test_a_folder_of_zips_is_read(tmp_path: Path) -> None:
    for name in ("student01.zip", "student02.zip"):
        (tmp_path / name).write_bytes(zipped({"lab1.ipynb": NOTEBOOK}))
    assert [each.student for each in collect([tmp_path])] == ["student01", "student02"]


def test_zips_within_zips_end_somewhere(tmp_path: Path) -> None:
    data = zipped({"lab1.ipynb": NOTEBOOK})
    for _ in range(6):
        data = zipped({"inner.zip": data})
    (row,) = collected(tmp_path, data)
    assert "zips inside zips" in (row.fault or "")


def test_two_members_of_one_name_are_two_rows(tmp_path: Path) -> None:
    other = NOTEBOOK.replace(b"x = 1", b"x = 2")
    found = collected(tmp_path, zipped({"student01/lab1.ipynb": NOTEBOOK, "../student01/lab1.ipynb": other}))
    assert len({each.student for each in found}) == 2


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb, good = collected(tmp_path, zipped({"a_lab1.ipynb": bytes(20 * 1024**2), "b_lab1.ipynb": NOTEBOOK}))
    assert "compressed beyond" in (bomb.fault or "")
    assert good.fault is None


def test_a_member_that_lies_about_its_size_is_cut_at_the_limit(tmp_path: Path) -> None:
    data = zipped({"a_lab1.ipynb": bytes(60 * 1024**2)})
    lying = data.replace(struct.pack("<I", 60 * 1024**2), struct.pack("<I", 1000))
    (row,) = collected(tmp_path, lying)
    assert row.fault is not None


def test_a_member_above_the_limit_is_told(tmp_path: Path) -> None:
    (row,) = collected(tmp_path, zipped({"a_lab1.ipynb": bytes(51 * 1024**2)}))
    assert "limit is 50 MB" in (row.fault or "")


def test_the_total_is_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "TOTAL", len(NOTEBOOK) + 1)
    found = collected(tmp_path, zipped({"a_lab1.ipynb": NOTEBOOK, "b_lab1.ipynb": NOTEBOOK}))
    assert [each.fault is None for each in found] == [True, False]


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MEMBERS", 2)
    (row,) = collected(tmp_path, zipped({f"{n}.txt": b"" for n in range(3)}))
    assert "limit is 2" in (row.fault or "")


def test_a_password_is_told(tmp_path: Path) -> None:
    data = bytearray(zipped({"a_lab1.ipynb": NOTEBOOK}))
    data[6] |= 1  # in the member's own header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    (row,) = collected(tmp_path, bytes(data))
    assert "password" in (row.fault or "")


def test_a_link_inside_a_zip_is_not_followed(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        link = zipfile.ZipInfo("a_lab1.ipynb")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    (row,) = collected(tmp_path, stream.getvalue())
    assert "link" in (row.fault or "")


@pytest.mark.parametrize("cut", [0, 10, 60, -30])
def test_a_damaged_zip_is_a_row_with_a_fault(cut: int, tmp_path: Path) -> None:
    data = zipped({"a_lab1.ipynb": NOTEBOOK})
    (row,) = collected(tmp_path, data[:cut])
    assert "damaged" in (row.fault or "")


def test_a_damaged_member_leaves_the_others(tmp_path: Path) -> None:
    data = bytearray(zipped({"a_lab1.ipynb": NOTEBOOK, "b_lab1.ipynb": NOTEBOOK}))
    data[45] ^= 0xFF
    found = collected(tmp_path, bytes(data))
    assert [each.fault is None for each in found] == [False, True]
