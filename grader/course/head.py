"""What the head of a rubric says of its lab: what it is, how it is recognised, how it is judged and trained."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from grader.course.pages import Complaint, Place, meant

CONDITION = " IF "
PIECE = re.compile(r"\{([A-Z_]+)\}")


class Kind(StrEnum):
    LAB = "lab"  # sent in, counts for the certificates
    ASSIGNMENT = "assignment"  # not sent in; students check themselves


class Judge(StrEnum):
    """The judges that are written in Python, each for labs of its own."""

    DENSITY = "density"
    LOGISTIC = "logistic"
    PERCEPTRON = "perceptron"
    RECURRENT = "recurrent"
    EMBEDDINGS = "embeddings"
    LANGUAGE_MODEL = "language_model"
    ATTENTION = "attention"
    WORD_BY_WORD = "word_by_word"
    FINE_TUNING = "fine_tuning"
    CAPTIONING = "captioning"


class Labels(StrEnum):
    """What predictions are held against."""

    SENTIMENT = "sentiment"  # of the sentences in trees/
    INFERENCE = "inference"  # of the pairs in snli/


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers the solution trains with as handed out."""

    epochs: int
    batch: int
    learning_rate: float
    l2: float = 0.0  # times the sum of squares of the penalised matrices
    clip: float = 0.0  # the norm to which the gradient of each variable is cut; 0: never
    dropout: float = 0.0
    stddev: float = 0.1  # of the initial matrices; biases start at zero
    embedding_stddev: float = 0.0
    bias_stddev: float = 0.0
    adam: int = 0  # 1: a new optimizer at every minibatch, as handed out, so that each step is Adam's first; 2: one


class Sizes(Struct, frozen=True, forbid_unknown_fields=True):
    """The sizes of layers as handed out, and which attributes of a classifier hold them."""

    attributes: str  # a pattern of names
    given: tuple[int, ...]
    layers: bool = False  # they are those of hidden layers, one after the other; else of a state, and of a word


class Clues(Struct, frozen=True, forbid_unknown_fields=True):
    """What tells that a notebook is of this lab; patterns have weights, negative ones speak against it.

    `PATTERN IF OTHER` counts only where the other is found as well.
    """

    cells: tuple[str, ...] = ()  # ids that Colab gave to cells of the handout
    code: dict[str, float] = {}
    titles: dict[str, float] = {}  # the headings of text cells
    names: dict[str, float] = {}  # of files and folders


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    title: str  # what students know it as
    kind: Kind = Kind.LAB
    judge: Judge | None = None  # without one, the lab is judged as it declares
    aliases: tuple[str, ...] = ()  # how it is called on the command line, beside its slug; the first is the short name
    environment: dict[str, str] = {}  # what its kernels have beside the usual
    data: tuple[str, ...] = ()  # the parts of the course's data that it reads
    labels: Labels | None = None  # what its predictions are held against; without, no accuracy is measured
    settings: Settings | None = None
    sizes: Sizes | None = None
    sealed: bool = False  # its own judge can do with fixed questions, so that students may have its public checks
    begun_by: str = ""  # a pattern of names that are read or called only once the work is begun
    clues: Clues = Clues()


def plain(text: str) -> str:
    """A name as it is compared: `Lab 2`, `lab-2` and `lab2` are one."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def without_pieces(head: Head, pieces: Mapping[str, str]) -> Head:
    """The head with the course's pieces of patterns in the place of their names, {LAB} and the like."""

    def whole(pattern: str) -> str:
        return PIECE.sub(lambda name: pieces[name[1]], pattern)

    def all_whole(patterns: Mapping[str, float]) -> dict[str, float]:
        return {whole(pattern): weight for pattern, weight in patterns.items()}

    clues = head.clues
    clues = Clues(clues.cells, all_whole(clues.code), all_whole(clues.titles), all_whole(clues.names))
    return replace(head, clues=clues, begun_by=whole(head.begun_by))


def complaints(head: Head, pieces: Mapping[str, str]) -> Iterator[Complaint]:
    """What types cannot say."""
    if not head.title.strip():
        yield ("title",), "title is empty; say what students know this lab as"
    if head.sealed and head.judge is None:
        yield ("sealed",), "sealed is for labs with a judge of their own; leave it out, a `subject` is sealed anyway"
    for i, alias in enumerate(head.aliases):
        if plain(alias) != alias or not alias:
            yield ("aliases", i), f"an alias has small letters and digits only; write {plain(alias)!r}, not {alias!r}"
    for place, pattern in _patterns(head):
        if said := _wrong(pattern, pieces):
            yield place, said


def _patterns(head: Head) -> Iterator[tuple[Place, str]]:
    for kind in ("code", "titles", "names"):
        for pattern in getattr(head.clues, kind):
            yield from ((("clues", kind, pattern), part) for part in pattern.split(CONDITION))
    yield ("begun_by",), head.begun_by
    if head.sizes:
        yield ("sizes", "attributes"), head.sizes.attributes


def _wrong(pattern: str, pieces: Mapping[str, str]) -> str:
    for name in PIECE.findall(pattern):
        if name not in pieces:
            return f"the patterns of course.yaml hold no {name!r}{meant(name, pieces, '; add it there')}"
    try:
        re.compile(PIECE.sub(lambda name: pieces[name[1]], pattern))
    except re.error as error:
        return f"{pattern!r} is no regular expression ({error})"
    return ""
