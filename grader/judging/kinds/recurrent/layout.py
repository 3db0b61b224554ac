"""Lab3 and Lab4: what of a class's variables could not be matched with the slide's, so that nothing is held against it.

Work in a layout we cannot read is left to a person. It fails only where there is too little that is trained to hold a
recurrent layer at all.
"""

from grader.judging.binding.roles import Parts
from grader.judging.binding.stacked import UNIT
from grader.judging.comparing.compare import slug
from grader.judging.kinds.recurrent.interview import Evidence
from grader.judging.meeting.watching import first_gradients, listed
from grader.sandbox.guest.wire import VariableInfo

CLASSES = 10  # at most: a matrix with so short a side may be the readout
ODD = "Your variables are laid out differently from the slide's ({which}), in a way that could not be read"


def unread(e: Evidence) -> tuple[VariableInfo, ...]:
    """Variables that take part in the cost, and in nothing we understand."""
    if e.contact is None or e.contact.watched is None:
        return ()
    seen = first_gradients(e.contact.watched)
    trained = [v for v in e.contact.initial if seen.get(v.path) is not None]
    if e.parts is not None:
        used = parts_of(e)
        return tuple(v for v in trained if v.path not in used)
    sides = {size for v in trained if len(v.shape) > 1 for size in v.shape}
    return tuple(v for v in trained if not is_given(v, e.contact.vocabulary, sides))


def is_given(v: VariableInfo, vocabulary: int, sides: set[int]) -> bool:
    """Embeddings, a readout, or a bias of one of them: what the handout has itself."""
    long = [size for size in v.shape if size > 1]
    if len(long) < 2:
        return not long or long[0] in sides
    return len(long) == 2 and (vocabulary in long or min(long) <= CLASSES)


def parts_of(e: Evidence) -> set[str]:
    """Paths of the class's own variables that have a part in the network as we see it."""
    found, arrangement = e.parts, e.arrangement
    if found is None or arrangement is None:
        return set()
    paths = [v.path for v in (found.embedding, *found.matrices, *found.biases)]
    paths += [path for layer in found.head for path in (layer.W, layer.b) if path]
    paths += [path for path in (*(found.word_gate or ()), *found.above, *found.others) if path]
    return {piece.path for path in paths for piece in arrangement.pieces(path)}


def beyond_the_slide(e: Evidence) -> str | None:
    """Why logits that no form explains are not held against a class; None where it is laid out as the slide has it."""
    if e.explanation is not None:
        return None
    if e.parts is not None and (more := more_than_asked(e.parts)):
        return f"Your class holds more than the lab asks for ({more}), so its logits could not be explained"
    if odd := unread(e):
        return ODD.format(which=listed(f"{v.path} {list(v.shape)}" for v in odd))
    if e.arrangement is not None and e.arrangement.views:
        own = dict.fromkeys(piece.path for pieces in e.arrangement.views.values() for piece in pieces)
        return ODD.format(which=listed(own))
    return None


def more_than_asked(found: Parts) -> str:
    """Further layers, or gates of another kind: an extra that was built into the only class."""
    further = [v.path for v in found.matrices[UNIT:]] if len(found.matrices) > UNIT else []
    return listed((*found.others, *found.above, *further))


def plain(e: Evidence) -> bool:
    """One matrix and one bias, as in the solved Lab3 that this lab starts from."""
    few = e.parts is not None and len(e.parts.matrices) == 1 and len(e.parts.biases) <= 1
    return bool(few and e.parts and not e.parts.word_gate and not (e.explanation is None and unread(e)))


def ready_layer(e: Evidence) -> bool:
    """A library's recurrent layer stands in the place of the step; in Lab3 it may read the other way as an extra."""
    whole_of_it = len(e.roles) != 5 or e.parts is None or inside_a_layer(e.parts)
    return e.ready_layers and whole_of_it


def inside_a_layer(found: Parts) -> bool:
    """The matrices lie inside an object of the class's own attributes."""
    paths = [v.path.removeprefix("c.") for v in found.matrices]
    return any("." in path or path.startswith("_") for path in paths)


def shares(e: Evidence) -> bool:
    """One matrix explains two roles."""
    paths = [e.roles.get(role) for role in ("W_z", "W_r", "W_rnn")]
    return e.explanation is not None and slug(e.explanation) == "deck" and len(set(paths)) < len(paths)
