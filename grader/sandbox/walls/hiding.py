"""Which places below a folder shown to the notebook hold answers, rubrics or our own code, and are covered up."""

import functools
import re
from pathlib import Path

OURS = ("grader", "reference", "rubrics", "reports", "assignments", "tests")
PROJECT = Path(__file__).resolve().parents[3]  # the source tree, or site-packages when installed
DISTRIBUTION = re.compile(
    r"(__editable__.*grader.*|grader-[^/]*\.(dist|egg)-info|grader\.egg-(info|link))", re.IGNORECASE
)


@functools.cache
def covered(shown: Path) -> tuple[Path, ...]:
    """Folders and files below `shown` that must be covered; real paths."""
    shown = shown.resolve()
    found = set()
    for site in {PROJECT, *shown.glob("lib/python3*/site-packages"), *shown.glob("lib/python3*/dist-packages")}:
        if site.is_relative_to(shown) and site.is_dir():
            found.update(_in_site(site))
    if PROJECT.is_relative_to(shown) and (PROJECT / "pyproject.toml").exists():
        return (PROJECT,)
    return tuple(sorted(found))


def _in_site(site: Path) -> set[Path]:
    found = {site / name for name in OURS if (site / name).is_dir()}
    found |= {entry for entry in site.iterdir() if DISTRIBUTION.fullmatch(entry.name)}
    for pointer in site.glob("*.pth"):
        if str(PROJECT).encode() in pointer.read_bytes():
            found.add(pointer)
    found |= {entry for entry in (site / "__pycache__").glob("*") if "grader" in entry.name}
    return found
