"""Which files of Python code beside a notebook go with it: small ones, which it imports by their names."""

import ast
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from grader.intake.repair import syntax_tree
from grader.model import Cell

Module = tuple[str, str]  # name without ending, source
Read = Callable[[], Module | None]

LARGEST = 256 * 1024  # bytes of one file
MOST = 20
NAME = re.compile(r"[A-Za-z_]\w{0,60}")


def in_folder(folder: Path) -> dict[str, Read]:
    """Those that lie in a folder, links left out: what they lead to may be another student's."""
    try:
        with os.scandir(folder) as entries:
            paths = [
                Path(entry.path)
                for entry in entries
                if entry.name.endswith(".py") and entry.is_file(follow_symlinks=False)
            ]
    except OSError:
        return {}
    return {path.stem: partial(read, path) for path in paths}


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


def used(cells: Iterable[Cell], beside: Mapping[str, Read]) -> tuple[Module, ...]:
    """Those that the notebook imports, and those that these import in turn."""
    waiting = [name for cell in cells if beside and cell.kind == "code" for name in imported(cell.source)]
    found: dict[str, str] = {}
    while waiting and len(found) < MOST:
        name = waiting.pop()
        if name not in found and name in beside and (held := beside[name]()):
            found[name] = held[1]
            waiting += imported(held[1])
    return tuple(sorted(found.items()))


def imported(source: str) -> list[str]:
    tree = syntax_tree(source)
    nodes = list(ast.walk(tree)) if tree else []
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return [name.split(".")[0] for name in names]
