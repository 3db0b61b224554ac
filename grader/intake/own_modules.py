"""Which files of Python code beside a notebook go with it: small ones, which it imports by their names."""

import ast
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from grader.model import Cell
from grader.repair import syntax_tree

Module = tuple[str, str]  # name without ending, source

LARGEST = 256 * 1024  # bytes of one file
MOST = 20
NAME = re.compile(r"[A-Za-z_]\w{0,60}")


def in_folder(folder: Path) -> tuple[Module, ...]:
    """Those that lie in a folder, links left out: what they lead to may be another student's."""
    found = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(".py") and entry.is_file(follow_symlinks=False):
                found.append(read(Path(entry.path)))
    return tuple(module for module in found if module)


def read(path: Path) -> Module | None:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return module(path.name, file.read(LARGEST + 1)) if regular else None
    except OSError:
        return None


def module(name: str, data: bytes) -> Module | None:
    """None where it cannot be imported by its name, or is too large."""
    stem = name.removesuffix(".py")
    if not NAME.fullmatch(stem) or len(data) > LARGEST:
        return None
    return stem, data.decode("utf-8-sig", errors="replace").replace("\0", "")


def used(cells: Iterable[Cell], modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """Those that the notebook imports, and those that these import in turn."""
    by_name = dict(modules)
    waiting = [name for cell in cells if modules and cell.kind == "code" for name in imported(cell.source)]
    found: dict[str, str] = {}
    while waiting and len(found) < MOST:
        name = waiting.pop()
        if name in by_name and name not in found:
            found[name] = by_name[name]
            waiting += imported(by_name[name])
    return tuple(sorted(found.items()))


def imported(source: str) -> list[str]:
    tree = syntax_tree(source)
    nodes = list(ast.walk(tree)) if tree else []
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return [name.split(".")[0] for name in names]
