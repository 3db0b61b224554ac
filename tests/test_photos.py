"""Photos of the captioning lab: drawn ones, a part of them for notebooks that do not train in full."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from grader.data.photos import Annotation as Caption
from grader.data.photos import few, name_of, photos
from grader.data.toy import photos as toy_photos
from grader.model import TrainPolicy

FILES = toy_photos.toy_photos()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def annotations(folder: Path) -> list[dict[str, str | int]]:
    found: list[dict[str, str | int]] = json.loads((folder / toy_photos.CAPTIONS).read_bytes())["annotations"]
    return found


def test_drawn_photos_are_the_same_each_time_and_each_has_five_captions() -> None:
    assert toy_photos.toy_photos() == FILES
    known = json.loads(FILES[toy_photos.CAPTIONS])["annotations"]
    assert len(known) == 5 * toy_photos.NUMBER
    assert all(one["caption"].startswith("<start> ") and one["caption"].endswith(" <end>") for one in known)
    assert {name_of(one["img_id"]) for one in known} | {toy_photos.CAPTIONS} == set(FILES)


def test_what_a_caption_says_can_be_seen() -> None:
    scene = toy_photos.Scene("white", (toy_photos.Thing("red", "square", "big", (2, 0)),))
    red, green, blue = Image.open(io.BytesIO(toy_photos.jpeg(scene))).getpixel((133, 27))  # type: ignore[misc]
    assert red > 180 and max(green, blue) < 90
    assert Image.open(io.BytesIO(toy_photos.jpeg(scene))).getpixel((20, 140)) == (250, 250, 250)


def test_without_training_a_notebook_sees_two_batches_of_short_captions_with_their_photos(folder: Path) -> None:
    seen = photos(folder, TrainPolicy.NONE)
    assert seen is not None and seen.folder != folder
    left = annotations(seen.folder)
    assert len(left) == 160 and all(len(str(one["caption"]).split()) <= 8 for one in left)
    names = {path.name for path in seen.folder.glob("*.jpg")}
    assert names == {name_of(int(one["img_id"])) for one in left} and len(names) == seen.number
    assert f"saw {len(names)} photos with 160 of the 600 captions" in seen.said


def test_a_whole_training_sees_the_folder_itself(folder: Path) -> None:
    seen = photos(folder, TrainPolicy.FULL)
    assert seen is not None and (seen.folder, seen.said) == (folder, "")


def test_a_budget_sees_whole_photos_spread_over_all() -> None:
    known = [Caption(i // 5, "<start> a <end>") for i in range(5000)]
    left = few(known, TrainPolicy.BUDGET)
    assert len(left) == 5 * 240 and len({one.img_id for one in left}) == 240 and left[-1].img_id > 900


def test_captions_written_in_another_way_are_left_alone(folder: Path) -> None:
    (folder / toy_photos.CAPTIONS).write_text('{"images": [], "annotations": [{"image_id": 3, "text": "a"}]}')
    assert photos(folder, TrainPolicy.NONE) is None
