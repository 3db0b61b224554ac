"""Lab5: variables of an attentive classifier seen as the handout has them, whatever way they are cut or turned."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations
from math import prod

from msgspec.structs import replace

from grader.judging.binding.arrangements import Arrangement
from grader.judging.binding.cuts import Piece, blocks, placed
from grader.judging.kinds.attention.layout import ATTENDS, CLASSES, COMBINES, Layout, layout
from grader.sandbox.guest.wire import VariableInfo

Way = tuple[Layout, Arrangement]


def ways(variables: Sequence[VariableInfo], vocabulary: int) -> Iterator[Way]:
    """As they are, where they have a layout; else with gates cut out of larger ones, and columns for rows."""
    own, plain = layout(variables, vocabulary), Arrangement(tuple(variables))
    if own is not None:
        others = list(read_as(regrouped(plain, own.dim), vocabulary, (own.dim, own.width)))
        yield from sorted([(own, plain), *others], key=lambda way: not way[0].reads_out)
        return
    table = next((v for v in variables if len(v.shape) == 2 and vocabulary in v.shape), None)
    sizes = dict.fromkeys(n for v in variables if v is not table for n in v.shape if n > CLASSES)
    for dim in sizes:
        widths = [n for n in table.shape if n != vocabulary] if table else [n - dim for n in sizes if n > dim]
        for width in widths:
            for turned in (False, True):
                one = cut(variables, table, (width, dim), turned)
                some = read_as(chain([one], regrouped(one, dim)), vocabulary, (dim, width))
                yield from ((found, one) for found, one in some if only_vectors(found, one))


def read_as(some: Iterable[Arrangement], vocabulary: int, sizes: tuple[int, int]) -> Iterator[Way]:
    """Those that have a layout of these sizes."""
    for one in some:
        found = layout(one.variables, vocabulary)
        if found is not None and (found.dim, found.width) == sizes:
            yield found, one


def only_vectors(found: Layout, one: Arrangement) -> bool:
    """Whether what has no part in the layout, if there is such, may be biases more."""
    if found.others and not found.reads_out:
        return False
    others = [v for v in one.variables if v.path in found.others]
    return all(max(v.shape, default=1) == prod(v.shape) for v in others)


def regrouped(one: Arrangement, dim: int) -> Iterator[Arrangement]:
    """One matrix for word and hypothesis in the attention, [y; h] W, taken apart; W^p and W^x of h* put together."""
    tall = [v for v in one.variables if v.shape == (2 * dim, dim)]
    squares = [v for v in one.variables if v.shape == (dim, dim)]
    halved = [taken_apart(one, v, dim) for v in sorted(tall, key=lambda v: not ATTENDS.search(v.path.lower()))]
    if not squares:
        yield from halved
    if len(tall) == 1 and len(squares) == 2 and not all(ATTENDS.search(v.path.lower()) for v in squares):
        yield put_together(halved[0], *squares)
    if not tall and len(squares) >= 4:
        pairs = sorted(combinations(squares, 2), key=lambda pair: -sum(joins(v.path) for v in pair))
        yield from (put_together(one, *pair) for pair in pairs)


def joins(path: str) -> bool:
    name = path.removeprefix("c.").lower()
    return bool(COMBINES.search(name)) and not ATTENDS.search(name)


def taken_apart(one: Arrangement, v: VariableInfo, dim: int) -> Arrangement:
    """Its rows for one state, and those for the other."""
    (piece,) = one.pieces(v.path)
    rows = piece.ranges or (None, None)
    axis = max(at for at, part in enumerate(rows) if part is None) if piece.turned else rows.index(None)
    halves = [replace(piece, ranges=placed(rows, axis, (at, at + dim))) for at in (0, dim)]
    made = [replace(v, path=half.view, shape=(dim, dim)) for half in halves]
    views = {**one.views, **{half.view: (half,) for half in halves}}
    return Arrangement((*(other for other in one.variables if other is not v), *made), views)


def put_together(one: Arrangement, above: VariableInfo, below: VariableInfo) -> Arrangement:
    path = f"{above.path} {below.path}"
    views = {**one.views, path: (*one.pieces(above.path), *one.pieces(below.path))}
    made = replace(above, path=path, shape=(above.shape[0] + below.shape[0], above.shape[1]))
    return Arrangement((*(v for v in one.variables if v not in (above, below)), made), views)


def cut(
    variables: Sequence[VariableInfo], table: VariableInfo | None, sizes: tuple[int, int], turned: bool
) -> Arrangement:
    """turned: matrices stand to the left of states that are columns."""
    width, dim = sizes
    readout = (CLASSES, dim) if turned else (dim, CLASSES)
    last = next((v for v in reversed(variables) if v.shape == readout), None)
    pieces: list[tuple[VariableInfo, Piece]] = []
    for v in variables:
        if v is table:
            pieces.append((v, Piece(v.path, (None, None), v.shape[0] == width)))
        elif v is last or v.shape == (1, dim) or (v.shape == (dim, 1) and not turned):
            pieces.append((v, Piece(v.path, (None, None), turned)))
        elif v.shape == (CLASSES, 1):
            pieces.append((v, Piece(v.path, (None, 0))))
        else:
            pieces += [(v, one) for one in blocks(v, (width + dim, 2 * dim, dim), dim, turned) or [Piece(v.path)]]
    views = {one.view: (one,) for v, one in pieces if one.view != v.path}
    return Arrangement(tuple(one.seen(v) for v, one in pieces), views)
