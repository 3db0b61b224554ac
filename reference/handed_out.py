"""The notebook as students get it: the starter and, where the course has a self-check, cells that bring and run it.

python -m reference.handed_out      writes assignments/<lab>.ipynb of the course (GRADER_COURSE, else ours)
"""

import sys

import nbformat
import yaml
from nbformat import NotebookNode

from reference.notebooks import NotebookError, assignment_path, labs, parts, starter, write
from reference.place import course_folder

BRINGING = """\
# Brings a check of your own work, which a cell after each part runs. The notebook works without it as well.
try:
    import grader
except ImportError:
    %pip install -q {address}"""
RUNNING = """\
# Checks what you wrote, and changes nothing of it.
try:
    import grader
    display(grader.check("{lab}"))
except ImportError:
    print("The self-check is not installed here. Your work is graded all the same.")"""


def handed_out(lab: str) -> NotebookNode:
    notebook = starter(lab)
    address = self_check(lab)
    if not address:
        return notebook
    cells = [new_cell("grader-check", BRINGING.format(address=address))]
    for number, (cell, written) in enumerate(zip(notebook.cells, parts(lab), strict=True), 1):
        cells.append(cell)
        if written:
            cells.append(new_cell(f"grader-check-{number}", RUNNING.format(lab=lab)))
    notebook.cells = cells
    return notebook


def self_check(lab: str) -> str:
    """Where the course keeps its wheel for students, if this lab can be sealed; else empty."""
    course = yaml.safe_load((course_folder() / "course.yaml").read_text(encoding="utf-8"))
    rubric = yaml.safe_load((course_folder() / "rubrics" / f"{lab}.yaml").read_text(encoding="utf-8"))
    sealed = "subject" in rubric or rubric["lab"].get("sealed", False)
    return str(course.get("self_check", "")) if sealed else ""


def new_cell(name: str, source: str) -> NotebookNode:
    node = {"cell_type": "code", "metadata": {"id": name}, "source": source, "execution_count": None, "outputs": []}
    return nbformat.from_dict(node)


if __name__ == "__main__":
    try:
        made = {assignment_path(name): handed_out(name) for name in labs()}
    except NotebookError as error:
        sys.exit(str(error))
    for place, notebook in made.items():
        place.parent.mkdir(exist_ok=True)
        write(notebook, place)
        print(place)
