"""How alike independent work is, and how alike copies are: what sets the bound of `grader similarity`.

    python tests/bench_similarity.py

A class is all notebooks of tests/notebooks of one lab that were made from one handout: ours, of which they hold half,
or an older one. Pairs are honest notebooks, each written by itself; those in `mistaken` were made of honest ones, so
they count as members of the class and are in no pair. A copy is the notebook with all own names changed, methods
shuffled within their classes, and cells shuffled.
"""

import ast
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a script it sees only the tests

from grader.course.folder import current_course
from grader.intake.collect import collect
from grader.intake.repair import syntax_tree
from grader.model import Cell, Submission
from grader.similarity.marks import marks
from grader.similarity.pairs import ALIKE, LEAST, all_pairs, own_parts
from reference.notebooks import solution, starter

NOTEBOOKS = Path(__file__).parent / "notebooks"
SMALLEST = 4  # notebooks of a class


class Measured(Struct):
    lab: str
    handout: str
    honest: list[tuple[float, str, str]]  # shares of pairs, and who
    copies: list[tuple[float, str]]


def measured(lab: str) -> Iterator[Measured]:
    """`lab` is the folder's name, which is an alias."""
    slug = next(slug for slug, rubric in current_course().labs.items() if lab in rubric.head.aliases)
    begun = marks(cells_of(starter(slug)))
    given = {*begun, *marks(cells_of(solution(slug)))}
    classes: dict[str, list[Submission]] = {"ours": [], "older": []}
    for kind in ("honest", "mistaken"):
        for one in collect([NOTEBOOKS / kind / lab], slug):
            held = len(begun.keys() & marks(one.cells).keys()) / len(begun)
            classes["ours" if held >= 0.5 else "older"].append(one)
    for handout, members in classes.items():
        if len(members) >= SMALLEST:
            yield of_class(lab, handout, members, given)


def of_class(lab: str, handout: str, members: Sequence[Submission], given: set[int]) -> Measured:
    works = [marks(one.cells) for one in members]
    own = own_parts(works, given)
    honest = [n for n, one in enumerate(members) if "honest" in one.path.parts]
    pairs = [(p.share, honest[p.first], honest[p.second]) for p in all_pairs([own[n] for n in honest])]
    dice, copies = random.Random(1), []
    for n, one in enumerate(members):
        (mine, its) = own_parts([works[n], marks(copied(one.cells, dice))], given)
        mine, its = mine & own[n], its & own[n] | (its - frozenset(works[n]))
        copies += [(p.share, one.path.stem) for p in all_pairs([mine, its])]
    named = sorted(((share, members[a].path.stem, members[b].path.stem) for share, a, b in pairs), reverse=True)
    return Measured(lab, handout, named, sorted(copies))


def cells_of(notebook: object) -> tuple[Cell, ...]:
    return tuple(Cell(n, c.cell_type, c.source) for n, c in enumerate(notebook.cells))  # type: ignore[attr-defined]


class Renamed(ast.NodeTransformer):
    """Every name that the notebook gives is another one, and methods stand in another order."""

    def __init__(self, names: dict[str, str], dice: random.Random) -> None:
        self.names, self.dice = names, dice

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        for field in ("id", "attr", "arg", "name"):
            if isinstance(said := getattr(node, field, None), str):
                setattr(node, field, self.names.get(said, said))
        if isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            self.dice.shuffle(methods)
            node.body = [methods.pop() if isinstance(each, ast.FunctionDef) else each for each in node.body]
        return node


def copied(cells: Sequence[Cell], dice: random.Random) -> list[Cell]:
    trees = {cell.index: tree for cell in cells if cell.kind == "code" and (tree := syntax_tree(cell.source))}
    names = {name: f"thing{n}" for n, name in enumerate(sorted({*given_names(trees.values())}))}
    found = [
        Cell(c.index, c.kind, ast.unparse(Renamed(names, dice).visit(trees[c.index]))) if c.index in trees else c
        for c in cells
    ]
    dice.shuffle(found)
    return found


def given_names(trees: Sequence[ast.Module]) -> Iterator[str]:
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("__"):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg


def main() -> None:
    honest: list[float] = []
    copies: list[float] = []
    for folder in sorted((NOTEBOOKS / "honest").iterdir()):
        for one in measured(folder.name):
            honest += [share for share, *_ in one.honest]
            copies += [share for share, _ in one.copies]
            top = ", ".join(f"{share:.2f}" for share, *_ in one.honest[:4])
            low = ", ".join(f"{share:.2f}" for share, _ in one.copies[:3])
            print(f"{one.lab:6} {one.handout:6} {len(one.honest):4} pairs, most alike {top or '-':24}; copies {low}")
    print(f"{len(honest)} honest pairs of {LEAST} marks or more: " + quantiles(honest, (0.5, 0.9, 0.99, 1.0)))
    print(f"{len(copies)} copies: " + quantiles(copies, (0.0, 0.05, 0.5)))
    print(f"at {ALIKE}: {sum(s >= ALIKE for s in honest)} honest pairs, {sum(s < ALIKE for s in copies)} copies missed")


def quantiles(shares: Sequence[float], at: Sequence[float]) -> str:
    return ", ".join(f"{100 * q:g} % {np.quantile(shares, q):.2f}" for q in at)


if __name__ == "__main__":
    main()
