"""A course somewhere else on the disk: one lab of ours, under points and data of its own."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAB = "lab1_warmup"
COURSE = """title: Densities
labs: [lab1_warmup]
data:
  trees:
  digits: [train.csv]
patterns:
  LAB: \\blab
demo:
  - {file: a/lab1.ipynb, lab: lab1_warmup, edit: sign-missing}
"""
TOY = """
from pathlib import Path


def make(folder: Path) -> None:
    (folder / "digits").mkdir()
    (folder / "digits" / "train.csv").write_text("1,2,3\\n")
"""
CELL = '# %% id="Qa6vNs3yBi0R"\n'
READS = f"""# %% id="readsDigits1"
print(open("/content/drive/MyDrive/mine/digits/train.csv").read())

{CELL}"""


def sample_course(folder: Path) -> Path:
    """Complete but for its data, which its toy.py makes."""
    (folder / "rubrics").mkdir(parents=True)
    (folder / "reference" / "solutions").mkdir(parents=True)
    (folder / "course.yaml").write_text(COURSE, "utf-8")
    (folder / "toy.py").write_text(TOY, "utf-8")
    for name in (f"{LAB}.py", f"{LAB}.edits.yaml"):
        shutil.copy(ROOT / "reference" / "solutions" / name, folder / "reference" / "solutions")
    solution = folder / "reference" / "solutions" / f"{LAB}.py"
    change(solution, CELL, READS)
    rubric = folder / "rubrics" / f"{LAB}.yaml"
    shutil.copy(ROOT / "rubrics" / rubric.name, rubric)
    change(rubric, 'title: "Lab1: Warming Up"', 'title: "Densities, first"')
    change(rubric, "{LAB}1{END}", "{LAB} *1")
    change(rubric, "{LAB_TITLE}1", "{LAB} *1")
    change(rubric, "  aliases: [lab1, warmup, warmingup]\n", "  aliases: [first]\n  data: [trees, digits]\n")
    return folder


def change(file: Path, old: str, new: str) -> None:
    """Once, where it stands first."""
    text = file.read_text("utf-8")
    assert old in text, f"{file.name} does not hold {old!r}"
    file.write_text(text.replace(old, new, 1), "utf-8")
