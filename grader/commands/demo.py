"""Which notebooks the bundled sample class hands in, and where they lie, as people hand things in."""

from pathlib import Path
from zipfile import ZipFile

from msgspec import Struct

from reference.notebooks import Edit, as_json, edited, load_edits, starter

CRASH = '# %% id="sample-crash"\nimport ctypes\n\nctypes.string_at(0)  # as when a library ends the process\n\n'


class HandIn(Struct, frozen=True):
    place: str
    lab: str
    edit: str = ""  # a slug among the lab's edits; the solution as it is when empty


CLASS = (
    HandIn("student01/lab1.ipynb", "lab1_warmup"),
    HandIn("student01/lab2.ipynb", "lab2_mlp"),
    HandIn("student02/lab1_warmup.ipynb", "lab1_warmup", "parameters-with-defaults"),
    HandIn("student02/lab2_mlp.ipynb", "lab2_mlp", "three-hidden-layers"),
    HandIn("student04/assignment1.ipynb", "a1_logistic_regression", "l2-absolute"),
    HandIn("lab1 - student07.ipynb", "lab1_warmup", "sign-missing"),
    HandIn("lab2 - student08 (1).ipynb", "lab2_mlp", "dropout-at-test"),
    HandIn("Copy of lab2 - student09.ipynb", "lab2_mlp", "zero-weights"),
    HandIn("lab1/student10.ipynb", "lab1_warmup", "numpy-in-tf"),
)
STARTER = ("student03/lab2.ipynb", "lab2_mlp")
CRASHES = ("student05/lab2.ipynb", "lab2_mlp")
BROKEN = "student06/lab1.ipynb"
ZIPPED = ("student11.zip", "lab1/lab1.ipynb", "lab1_warmup", "factor-missing")


def write_sample_class(folder: Path) -> Path:
    for hand_in in CLASS:
        _write(folder / hand_in.place, _edited(hand_in.lab, hand_in.edit).encode())
    place, lab = STARTER
    _write(folder / place, as_json(starter(lab)).encode())
    place, lab = CRASHES
    crash = Edit(replace='# %% id="wQ5bNd0mZi6R"\n', by=f'{CRASH}# %% id="wQ5bNd0mZi6R"\n')
    _write(folder / place, as_json(edited(lab, (crash,))).encode())
    _write(folder / BROKEN, b"<!DOCTYPE html><html><head><title>lab1.ipynb - Colab</title></head></html>\n")
    archive, member, lab, edit = ZIPPED
    with ZipFile(folder / archive, "w") as zipped:
        zipped.writestr(member, _edited(lab, edit))
    return folder


def _edited(lab: str, edit: str) -> str:
    known = load_edits(lab)
    chosen = {**known.accepted, **known.mistakes}[edit].edits if edit else ()
    return as_json(edited(lab, chosen))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
