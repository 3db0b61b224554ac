"""Assignment1: where a classifier keeps W [D, C] and b [C].

Turned round as in the slide's W_c^T x, or with b as a row of W for an input that is always 1, they are as right. A
class without a b, or that never adds it, is judged as if b were zero: all that does not need one may be right.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from grader.judging.comparing.arrays import Numbers
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import first_gradients
from grader.sandbox.guest.wire import VariableInfo

Values = Mapping[str, Numbers | None]


class Layout(Struct, frozen=True):
    W: VariableInfo
    b: VariableInfo | None  # None: a row of W, or there is none
    classes: int
    turned: bool = False  # W is [C, D]
    row: int | None = None  # of W, which is b
    unused: bool = False  # there is a b, and the model does without

    @property
    def bare(self) -> bool:
        return self.unused or (self.b is None and self.row is None)

    def seen(self, values: Values) -> dict[str, Numbers | None]:
        """W [D, C] and b [C] among values by path."""
        found = values.get(self.W.path)
        whole = found.T if found is not None and self.turned else found
        if self.bare:
            return {"W": whole, "b": None}
        if self.b is not None:
            bias = values.get(self.b.path)
            return {"W": whole, "b": None if bias is None else bias.reshape(-1)}
        if whole is None or self.row is None:
            return {"W": None, "b": None}
        return {"W": np.delete(whole, self.row, axis=0), "b": whole[self.row]}

    def planted(self, W: Numbers, b: Numbers) -> dict[str, Numbers]:
        """The variables' values by path."""
        whole = W if self.row is None else np.insert(W, self.row, b, axis=0)
        own = {self.W.path: whole.T if self.turned else whole}
        return own if self.b is None else {**own, self.b.path: b.reshape(self.b.shape)}

    @property
    def bias_path(self) -> str:
        return self.W.path if self.b is None else self.b.path


def layouts(contact: Contact) -> tuple[Layout, ...]:
    """The one that the class has, where b is a row of W with every row that it may be; none where W is not told.

    Among copies those count that are trained.
    """
    for turned, more in ((False, 0), (True, 0), (False, 1), (True, 1)):
        high = contact.features + more
        matrices = [v for v in contact.initial if len(v.shape) == 2 and v.shape[turned] == high != v.shape[not turned]]
        matrices = matrices if len(matrices) == 1 else trained(contact, matrices)
        if len(matrices) == 1:
            return tuple(with_bias(contact, matrices[0], turned, bool(more)))
    return ()


def with_bias(contact: Contact, W: VariableInfo, turned: bool, folded: bool) -> Iterator[Layout]:
    classes = W.shape[not turned]
    if folded:
        yield from (Layout(W, None, classes, turned, row) for row in (W.shape[turned] - 1, 0))
        return
    biases = [v for v in contact.initial if v.path != W.path and v.shape in ((classes,), (1, classes), (classes, 1))]
    b = next(iter(trained(contact, biases) or biases), None)
    yield Layout(W, b, classes, turned)
    if b is not None:
        yield Layout(W, b, classes, turned, unused=True)


def trained(contact: Contact, variables: Sequence[VariableInfo]) -> list[VariableInfo]:
    seen = first_gradients(contact.watched) if contact.watched else {}
    return [v for v in variables if seen.get(v.path) is not None]


def rearranged(contact: Contact) -> bool:
    """Whether what is trained holds as many numbers as W, in no one matrix."""
    learnt = trained(contact, contact.initial)
    whole = [v for v in learnt if len(v.shape) == 2 and contact.features in v.shape and min(v.shape) > 1]
    return len(whole) != 1 and sum(int(np.prod(v.shape)) for v in learnt) >= 2 * contact.features
