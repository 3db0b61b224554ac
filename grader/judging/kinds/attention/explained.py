"""Lab5: which form of the equations explains an attention, with roles by name, else by what the variables do."""

from collections.abc import Iterator, Mapping
from itertools import combinations, islice, permutations
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.binding.arrangements import Arrangement
from grader.judging.comparing.arrays import Numbers, array
from grader.judging.comparing.compare import agree, nearest, slug
from grader.judging.examiner import Examiner
from grader.judging.formulas import Answers
from grader.judging.instruments.silence import whole
from grader.judging.kinds.attention.asking import Answer, answer_in
from grader.judging.kinds.attention.layout import PLACES, Layout, names_tell, values
from grader.judging.meeting.asking import instance
from grader.judging.meeting.classes import WORDS
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.forward import Forward
from grader.judging.meeting.pairs import halves
from grader.judging.meeting.watching import value_of
from grader.judging.unaskable import Unsealed
from grader.sandbox.guest.wire import Read

WORDS_USED = WORDS.sizes[0][1]
MOST = 30  # ways to choose the biases of the GRUs among others
Weights = Mapping[str, Numbers]  # by path


class Explained(Struct, frozen=True):
    layout: Layout | None = None
    known: Answers = {}
    form: str | None = None
    given_to: str = ""  # whose weights the roles take, where it is not as their names say
    read: bool = False  # both GRUs are known to do what their roles say

    @property
    def right(self) -> bool:
        return self.form is not None and slug(self.form) == "deck"


class Scene(Struct, frozen=True):
    """Whom to ask, with which pairs and weights."""

    x: Examiner
    contact: Contact
    forward: Forward
    data: Numbers  # [B, 2 L]
    given: Weights  # as the layout has them
    E: Numbers
    own: Weights  # the same, as the class has them
    arrangement: Arrangement

    def with_weights(self, changes: Weights) -> Weights:
        """The class's own, where some that the layout has are changed."""
        weights = self.own
        for path, value in changes.items():
            weights = self.arrangement.planted(weights, path, value)
        return weights


def explained(s: Scene, layout: Layout, answer: Answer) -> Explained:
    """By the attention where it is seen, else by the logits; names say which assignment of roles is asked first."""
    outputs = (("attn", answer.attn), ("logits", answer.logits))
    seen = dict([(key, value) for key, value in outputs if value is not None][:1])
    found = with_roles(s, layout, seen, exchanged=True)
    if found.form is not None or not seen:
        return found
    if s.x.sealed:
        return as_named(found, layout)
    bound = by_behaviour(s, layout)
    if bound is None or bound.roles == layout.roles:
        return replace(found, read=bound is not None)
    return replace(with_roles(s, bound, seen, exchanged=False), read=True)


def as_named(found: Explained, layout: Layout) -> Explained:
    """No sealed file has answers for every order of the gates, so their names have to tell; else raises Unsealed."""
    if not names_tell(layout):
        raise Unsealed
    return replace(found, read=True)


def with_roles(s: Scene, layout: Layout, seen: Mapping[str, Numbers], *, exchanged: bool) -> Explained:
    """exchanged: with the roles of encoders, gates and projections exchanged as well."""
    p, h = halves(s.data)
    case: dict[str, Any] = {"p": p, "h": h, **values(layout, s.given, s.E)}
    known = s.x.answers("values", **case)
    if (form := nearest(seen, known)) is not None:
        return Explained(layout, known, form, read=True)
    orders = s.x.answers("roles", **case) if exchanged else {}
    if (order := nearest(seen, orders)) is not None:
        return Explained(layout, {"deck": orders[order]}, "deck", order, read=True)
    other = {} if s.x.sealed else s.x.answers("values", **{**case, "W_y": case["W_h"], "W_h": case["W_y"]})
    if (form := nearest(seen, other)) is not None:
        return Explained(layout, other, form, read=True)
    return Explained(layout, known)


def by_behaviour(s: Scene, layout: Layout) -> Layout | None:
    """Roles in the two GRUs by what the logits say of h_N alone, whatever the attention does; None: not found."""
    if not layout.reads_out or len(layout.cells) != len(PLACES):
        return None
    by_name = [layout.cells.index(layout.roles[f"W_{place}"]) for place in PLACES]
    matrices = [by_name, *(list(order) for order in permutations(range(len(PLACES))))]
    nothing = len(layout.biases)
    found = fitting(s, layout, [[*order, *[nothing] * 7] for order in matrices], biases=False)
    if found is None:
        return None
    return with_biases(s, layout, matrices[found])


def with_biases(s: Scene, layout: Layout, order: list[int]) -> Layout | None:
    """The matrices' places known, each bias belongs to the matrix that it was made with, or as its name says."""
    count = len(layout.biases)
    models = list(bias_orders(layout, order)) if count else [[count] * 7]
    found = fitting(s, layout, [[*order, *some] for some in models], biases=True)
    if found is None:
        return None
    roles = {role: path for role, path in layout.roles.items() if not role.startswith("b_") or role == "b_cl"}
    roles |= {f"W_{place}": layout.cells[i] for place, i in zip(PLACES, order, strict=True)}
    named = zip((*(f"b_{place}" for place in PLACES), "b_combination"), models[found], strict=True)
    return replace(layout, roles=roles | {role: layout.biases[i] for role, i in named if i < count})


def bias_orders(layout: Layout, order: list[int]) -> Iterator[list[int]]:
    """For each place and for h*, which bias; as many as there are: none."""
    count = len(layout.biases)
    at = {path: i for i, path in enumerate(layout.biases)}
    roles = (*(f"b_{place}" for place in PLACES), "b_combination")
    yield [at.get(layout.roles.get(role, ""), count) for role in roles]
    some = combinations(range(count), len(PLACES)) if count >= len(PLACES) else [(count,) * len(PLACES)]
    for chosen in islice(some, MOST):
        for last in (*(i for i in range(min(count, MOST)) if i not in chosen), count):
            yield [*(chosen[i] for i in order), last]


def fitting(s: Scene, layout: Layout, models: list[list[int]], *, biases: bool) -> int | None:
    """Which of the models says what the logits are when either half of W_combination is zero."""
    W, dim = s.given[layout.roles["W_combination"]], layout.dim
    still = {path: np.zeros_like(s.given[path]) for path in layout.biases} if not biases else {}
    seen = []
    for half in (0, 1):
        kept = np.where(np.arange(2 * dim)[:, None] // dim == half, W, 0).astype(np.float32)
        weights = s.with_weights({**still, layout.roles["W_combination"]: kept})
        steps = [*whole(), *instance(s.contact, weights, {}), s.forward.call(s.data, "r")]
        told = answer_in(s.x.ask(f"{s.contact.info.name}.half", *steps), "r", s.contact.batch, s.contact.features)
        seen.append(told.logits)
    p, h = halves(s.data)
    known = values(layout, s.given, s.E)
    of_biases = [(s.given[path] if biases else still[path]).reshape(-1) for path in layout.biases]
    answers = s.x.answers(
        "endings", p=p, h=h, E=s.E, W_cl=known["W_cl"], b_cl=known["b_cl"], models=np.array(models),
        cells=np.stack([s.given[path] for path in layout.cells]), biases=np.stack([*of_biases, np.zeros(dim)]),
        halves=W.reshape(2, dim, dim),
    )  # fmt: skip
    ways = (near(logits, told[str(half)]) for told in answers.values() for half, logits in enumerate(seen))
    return next((at for at in ways if at is not None), None)


def near(seen: Numbers | None, told: Numbers) -> int | None:
    """The first of many answers [R, B, C] that agrees."""
    if seen is None or seen.shape != told.shape[1:]:
        return None
    return next((i for i, one in enumerate(told) if agree(seen, one)), None)


def word_vectors(x: Examiner, contact: Contact, found: Layout, given: Weights) -> Numbers | None:
    """Of the words we use; where they are no variable, an array as wide that the object or the notebook holds."""
    if "E" in found.roles:
        return given[found.roles["E"]][:WORDS_USED]
    held = "[*vars(c).values(), globals().get('loaded_embeddings'), *globals().values()]"
    fits = f"len(getattr(v, 'shape', ())) == 2 and v.shape[1] == {found.width} and v.shape[0] >= {WORDS_USED}"
    steps = [*instance(contact, {}, {}), Read(f"next(v for v in {held} if {fits})[:{WORDS_USED}]", "E")]
    table = array(value_of(x.ask(f"{contact.info.name}.vectors", *steps), "E"))
    if table is None or table.shape != (WORDS_USED, found.width) or not np.all(np.isfinite(table)):
        return None
    return table if len(np.unique(table, axis=0)) > WORDS_USED // 2 else None
