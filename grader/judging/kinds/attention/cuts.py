"""Lab5: variables of an attentive classifier seen as the handout has them, whatever way they are cut or turned."""

from collections.abc import Iterator, Sequence

from grader.judging.binding.arrangements import Arrangement
from grader.judging.binding.cuts import Piece, blocks
from grader.judging.kinds.attention.layout import CLASSES, Layout, layout
from grader.sandbox.guest.wire import VariableInfo

Way = tuple[Layout, Arrangement]


def ways(variables: Sequence[VariableInfo], vocabulary: int) -> Iterator[Way]:
    """As they are, where they have a layout; else with gates cut out of larger ones, and columns for rows."""
    own = layout(variables, vocabulary)
    if own is not None:
        yield own, Arrangement(tuple(variables))
        return
    table = next((v for v in variables if len(v.shape) == 2 and vocabulary in v.shape), None)
    sizes = dict.fromkeys(n for v in variables if v is not table for n in v.shape if n > CLASSES)
    for dim in sizes:
        widths = [n for n in table.shape if n != vocabulary] if table else [n - dim for n in sizes if n > dim]
        for width in widths:
            for turned in (False, True):
                one = cut(variables, table, (width, dim), turned)
                found = layout(one.variables, vocabulary)
                if found is not None and (found.dim, found.width) == (dim, width) and not found.others:
                    yield found, one


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
