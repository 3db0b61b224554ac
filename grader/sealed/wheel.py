"""The wheel for students: what `grader.check` imports, and sealed checks beside it; nothing that knows an answer."""

import ast
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from grader.errors import OurFault
from grader.intake.whole_files import write_whole
from grader.judging.own_judge import JUDGES
from grader.sealed.catalogues import catalogues
from grader.sealed.file import Sealed, written
from grader.syntax import parsed
from reports.languages import CATALOGUES

ROOT = Path(__file__).parents[2]
BEGINS = ("grader", "grader.live.check", "grader.sandbox.guest.live")
ROOMS = ("grader", "reports")
NEVER = ("grader/batch/", "grader/data/toy/", "grader/judging/oracle.py", "reference/")
TEMPLATES = ("reports/templates/self_check.html",)
PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "grader-check"
version = "{version}"
description = "Checks your notebook of the course {title} by its public checks"
requires-python = ">=3.11"
dependencies = ["numpy", "msgspec>=0.18", "jinja2>=3.1", "markupsafe>=2.1", "pyyaml>=6.0"]

[tool.setuptools.packages.find]
include = ["grader*", "reports*"]

[tool.setuptools.package-data]
reports = ["templates/*", "locale/*/LC_MESSAGES/*.mo"]
"grader.sealed" = ["checks/*"]
"""


def student_wheel(labs: Mapping[str, Sealed], title: str, folder: Path) -> Path:
    """The wheel's path; one that is there already is written over. It needs no TensorFlow: the notebook has its own."""
    with tempfile.TemporaryDirectory() as stage:
        files = modules(labs)
        for file in files:
            place(file, Path(stage))
        for template in TEMPLATES:
            place(ROOT / template, Path(stage))
        inside = [*(file.relative_to(ROOT).as_posix() for file in files), *TEMPLATES]
        for where, catalogue in catalogues(inside, labs):
            write_whole(Path(stage, CATALOGUES.relative_to(ROOT), where), catalogue)
        checks = Path(stage, "grader", "sealed", "checks")
        checks.mkdir()
        for lab, one in labs.items():
            (checks / f"{lab}.checks").write_bytes(written({lab: one}))
        plain = title.replace("\\", "").replace('"', "'")
        Path(stage, "pyproject.toml").write_text(PROJECT.format(version=version("grader"), title=plain), "utf-8")
        return built(Path(stage), folder)


def place(file: Path, stage: Path) -> None:
    there = stage / file.relative_to(ROOT)
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, there)


def built(stage: Path, folder: Path) -> Path:
    """Raises OurFault with the last line of what the builder says."""
    out = stage / "out"
    options = ("--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet", "--wheel-dir", str(out))
    command = [sys.executable, "-m", "pip", "wheel", *options, str(stage)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    wheels = list(out.glob("*.whl"))
    if done.returncode or not wheels:
        raise OurFault(
            f"The wheel could not be built: {(done.stderr.strip().splitlines() or ['no reason was told'])[-1]}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{wheels[0].name}.part"
    shutil.copyfile(wheels[0], beside)
    return beside.replace(folder / wheels[0].name)


def modules(labs: Mapping[str, Sealed]) -> list[Path]:
    """Files of all that is imported, directly or by what is. Raises OurFault where that reaches for answers.

    A judge that is written for labs of its own is there where one of these is sealed.
    """
    found: set[Path] = set()
    judges = {one.rubric.head.judge for one in labs.values() if one.rubric.checks}
    waiting = [*BEGINS, *(JUDGES[judge] for judge in judges if judge is not None)]
    while waiting:
        name = waiting.pop()
        file = file_of(name)
        if file is None or file in found:
            continue
        found.add(file)
        waiting += imported(file)
        parts = name.split(".")
        waiting += [".".join(parts[:n]) for n in range(1, len(parts))]
    for file in found:
        inside = file.relative_to(ROOT).as_posix()
        if inside.startswith(NEVER):
            raise OurFault(f"{inside} would be in the wheel for students; something that a check imports imports it")
    return sorted(found)


def file_of(name: str) -> Path | None:
    """Of a module of ours; None for libraries, and for what a module holds."""
    if name.split(".", maxsplit=1)[0] not in (*ROOMS, "reference"):
        return None
    place = ROOT.joinpath(*name.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def imported(file: Path) -> Iterator[str]:
    for node in nodes(parsed(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = file.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (module, *(f"{module}.{name.name}" for name in node.names))


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All but what only type checkers read."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from nodes(child)
