"""What only a person can mark, collected: seeds of one's own, neighbours read, analogies tried, the map, the text."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from grader.judging.kinds.embeddings.lists import SEED_NEG, SEED_POS
from grader.judging.meeting.source import trees
from grader.model import Cell, CellRun

NEIGHBOURS = ("france", "jesus", "xbox", "reddish", "scratched", "megabits")
LONGEST = 1500  # characters of text shown


class Written(Struct, frozen=True):
    looked_up: tuple[str, ...] = ()  # of NEIGHBOURS, in cells that call knn
    neighbours_text: str = ""
    seeds: Mapping[str, tuple[str, ...]] = {}  # lists of words beside the given seeds
    tried: int = 0  # analogies written down in cells that call analogy
    analogies_text: str = ""
    drawn: str = ""  # here: the map was drawn in this run; before: only in the notebook as handed in


def written(cells: Sequence[Cell], runs: Sequence[CellRun], lists: Mapping[str, tuple[str, ...]]) -> Written:
    code = dict(trees(cells))
    knn = [index for index, tree in code.items() if calls(tree, lambda name: name == "knn")]
    analogy = [index for index, tree in code.items() if calls(tree, lambda name: "analog" in name.lower())]
    strings = {text for index in knn for text in strings_of(code[index])}
    given = {frozenset(SEED_POS), frozenset(SEED_NEG)}
    return Written(
        tuple(word for word in NEIGHBOURS if word in strings),
        text_below(cells, knn, code),
        {n: w for n, w in lists.items() if frozenset(w) not in given and not set(w) & set(NEIGHBOURS) and len(w) <= 60},
        len({triple for index in analogy for triple in triples(code[index])}),
        text_below(cells, analogy, code),
        drawn(cells, runs),
    )


def calls(tree: ast.AST, wanted: Callable[[str], bool]) -> bool:
    """Whether it calls such a function, outside the definition of one."""
    called = [n.func for n in outside_definitions(tree) if isinstance(n, ast.Call)]
    return any(isinstance(f, ast.Name) and wanted(f.id) for f in called)


def outside_definitions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node
            yield from outside_definitions(node)


def strings_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from node.value.split()


def triples(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """Three or four words that stand together, however they are bracketed: (a, b), c or a, b, c or "a b c"."""
    for node in outside_definitions(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            lines = [tuple(line.split()) for line in node.value.splitlines()]
            yield from (line[:3] for line in lines if len(line) in (3, 4) and all(map(str.isalpha, line)))
        parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple | ast.List) else []
        flat = [p for part in parts for p in (part.elts if isinstance(part, ast.Tuple | ast.List) else [part])]
        words = [p.value for p in flat if isinstance(p, ast.Constant) and isinstance(p.value, str)]
        if len(words) in (3, 4) and all(isinstance(p, ast.Constant) for p in flat):
            yield tuple(words[:3])


def text_below(cells: Sequence[Cell], code: Sequence[int], parsed: Mapping[int, ast.Module]) -> str:
    """Text cells right below these code cells, headings apart, and strings that stand alone in the code."""
    found = []
    below = False
    for cell in cells:
        if cell.kind == "code":
            below = cell.index in code
            found += lone_strings(parsed[cell.index]) if below else []
        elif below and not cell.source.lstrip().startswith("#") and len(cell.source.split()) > 5:
            found.append(cell.source.strip())
    return "\n".join(found)[:LONGEST]


def lone_strings(tree: ast.Module) -> list[str]:
    values = [node.value for node in tree.body if isinstance(node, ast.Expr)]
    return [v.value.strip() for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)]


def drawn(cells: Sequence[Cell], runs: Sequence[CellRun]) -> str:
    """Whether a cell from the t-SNE on shows a picture."""
    first = next((cell.index for cell in cells if cell.kind == "code" and "TSNE" in cell.source), None)
    if first is None:
        return ""
    if any(run.index >= first and has_picture(run.outputs) for run in runs):
        return "here"
    return "before" if any(cell.index >= first and has_picture(cell.outputs) for cell in cells) else ""


def has_picture(outputs: Sequence[Mapping[str, object]]) -> bool:
    data = [output.get("data") for output in outputs]
    return any(isinstance(d, dict) and any(kind.startswith("image/") for kind in d) for d in data)
