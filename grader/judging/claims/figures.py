"""Which figures a printed line names: "Epoch: 5 Cost: 0.69 Dev acc: 73.4 %", in English, Spanish or Basque."""

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from grader.judging.claims.printed import Number, numbers

KEPT_WORDS = 12
LARGEST_COUNT = 10**7
LEAST_EXAMPLES = 20  # 16/20 can be an accuracy, 3/5 counts something else


class Kind(Enum):
    EPOCH = "epoch"
    STEP = "step"
    COST = "cost"
    ACCURACY = "accuracy"
    DEV = "dev"
    TRAIN = "train"
    TEST = "test"
    BEST = "best"
    FILLER = "filler"
    OTHER = "other"  # a quantity that is none of ours


SPLITS = (Kind.DEV, Kind.TRAIN, Kind.TEST)
_STEMS = {  # the first that fits counts
    Kind.OTHER: (
        *(
            "time",
            "tiempo",
            "denbora",
            "seconds",
            "segund",
            "size",
            "taman",
            "rate",
            "weight",
            "param",
            "lambda",
            "std",
        ),
        *("error", "improv", "mejora", "baseline", "thresh", "patien", "pacien", "probab", "expect"),
    ),
    Kind.EPOCH: ("epoc", "epok"),
    Kind.STEP: ("step", "batch", "iter", "paso", "pauso", "urrats", "lote"),
    Kind.COST: ("cost", "loss", "kost", "perdida", "galera"),
    Kind.ACCURACY: ("accur", "precis", "exactitud", "aciert", "zehaztas", "asmatze"),
    Kind.DEV: ("develop", "valid", "balid", "desarroll", "garap"),
    Kind.TRAIN: ("train", "entren", "ikask"),
    Kind.TEST: ("test", "prueba", "proba"),
    Kind.BEST: ("best", "mejor", "onena", "hoberen", "max"),
    Kind.FILLER: ("set", "multzo", "conjunto", "sentence", "example", "ejempl", "frase", "esaldi", "score", "result"),
}
_WORDS = {
    "ep": Kind.EPOCH,
    "acc": Kind.ACCURACY,
    "accs": Kind.ACCURACY,
    "dev": Kind.DEV,
    "val": Kind.DEV,
    "tr": Kind.TRAIN,
    **dict.fromkeys(("err", "lr", "norm", "from", "than"), Kind.OTHER),
    **dict.fromkeys("tf tensor np numpy float array dtype shape id num number no is es da".split(), Kind.FILLER),
    **dict.fromkeys("ean an eko ko and y eta the la el en on in de".split(), Kind.FILLER),
}
_COMPOUND = re.compile(r"(dev|val|train|test|acc|loss|cost)(acc|accuracy|loss|cost|dev|val|train|test)")


class Label(Struct, frozen=True):
    """What the words before a number call it."""

    what: Kind | None = None  # EPOCH, STEP, COST or ACCURACY
    splits: tuple[Kind, ...] = ()  # whose, in the order of the numbers to come
    best: bool = False
    said: bool = True  # ACCURACY stands there, not only whose
    heads: bool = False  # "Loss: train 0.6 dev 0.7": the measure stands before whose it is


class Figures(Struct, frozen=True):
    """What one line names: cost, and accuracies of dev, train and test; `best` are those said to be the best so far."""

    epoch: int | None = None
    step: int | None = None
    values: dict[str, float] = {}
    best: dict[str, float] = {}


def kind(word: str) -> Kind | None:
    return _WORDS.get(word) or next((kind for kind, stems in _STEMS.items() if word.startswith(stems)), None)


@lru_cache(maxsize=1024)  # a training prints the same words at every epoch
def label_of(words: tuple[str, ...]) -> Label:
    parts = [part for word in words[-KEPT_WORDS:] for part in _parts(word)]
    kinds: list[Kind | None] = [found for found in map(kind, parts) if found is not Kind.FILLER]
    if not kinds:
        return Label()
    if kinds[-1] in (Kind.EPOCH, Kind.STEP):
        return Label(kinds[-1])
    if Kind.OTHER in kinds:
        return Label()
    splits, best = _named_together(kinds), Kind.BEST in kinds
    measures = [place for place, found in enumerate(kinds) if found in (Kind.COST, Kind.ACCURACY)]
    if measures:
        heads = bool(splits) and measures[-1] < kinds.index(splits[0])
        return Label(kinds[measures[-1]], splits, best, heads=heads)
    return Label(Kind.ACCURACY, splits, best, said=False) if kinds[-1] in SPLITS else Label()


def figures(line: str) -> Figures:
    """Of several figures of one name the first counts."""
    found: dict[str, float] = {}
    best: dict[str, float] = {}
    for name, value, is_best in _named(line):
        (best if is_best else found).setdefault(name, value)
    accuracy = found.pop("accuracy", None)
    if accuracy is not None and ("dev" in found or "/step" in line):  # Keras names its training accuracy just so
        found.setdefault("train", accuracy)
    lead, epoch, step = (found.pop(name, None) for name in ("lead", "epoch", "step"))
    if epoch is None and step is None and "cost" in found:
        epoch = lead
    return Figures(None if epoch is None else int(epoch), None if step is None else int(step), found, best)


def columns(line: str, count: int) -> tuple[str, ...] | None:
    """Names of `count` columns of numbers, "" where unknown, when the line is their header; the first may be an index.

    Without names for two of them it is none.
    """
    for cells in (re.split(r"[|,;\t]|\s{2,}", line), re.split(r"[|,;\s]+", line)):
        names = [_name(label_of(tuple(re.findall(r"[^\W\d_]+", cell)))) for cell in cells if cell.strip()]
        names = ["train" if name == "accuracy" and "dev" in names else name for name in names]
        if len(names) == count - 1 and ("epoch" in names or (all(names) and "test" not in names)):
            names.insert(0, "" if "epoch" in names else "epoch")
        if len(names) == count and sum(map(bool, names)) >= 2:
            return tuple(names)
    return None


def accuracy_of(number: Number, *, likely: bool) -> float | None:
    """Between 0 and 1; None when it can hardly be one. `likely` lets a bare 0 or 1 pass."""
    value = number.value
    if number.of is not None:
        return value / number.of if number.whole and value <= number.of >= LEAST_EXAMPLES else None
    if number.whole and not number.percent and not (likely and value <= 1):
        return None
    share = value / 100 if number.percent or value > 1 else value
    return share if 0 <= share <= 1 else None


def _named(line: str) -> Iterator[tuple[str, float, bool]]:
    """(name, value, said to be the best) from left to right; "lead" is a number that begins the line."""
    last, heading = Label(), Kind.ACCURACY
    kept: tuple[str, ...] = ()  # words whose number is still to come: "Dev (256 sentences): 0.73"
    counted = False
    for place, number in enumerate(numbers(line)):
        label = _label(number, kept, last)
        if not label.said and label.what:
            label = replace(label, what=heading)
        value = _value(number, label, likely=label.said or counted)
        if place == 0 and not number.label and number.of is None:
            count = _value(number, Label(Kind.EPOCH), likely=True)
            yield from [] if count is None else [("lead", count, False)]
        if value is not None and _name(label):
            yield _name(label), value, label.best
        if label.what in (Kind.EPOCH, Kind.STEP):
            counted, kept = True, () if number.counts_epochs else number.label[:-1]
            continue
        kept = (*kept, *number.label)[-KEPT_WORDS:] if label.what and value is None else ()
        if label.said:
            heading = label.what if label.what and label.heads else Kind.ACCURACY
        last = label


def _label(number: Number, kept: tuple[str, ...], last: Label) -> Label:
    if number.counts_epochs:
        return Label(Kind.EPOCH)
    if not number.label and not kept:
        return replace(last, splits=last.splits[1:]) if len(last.splits) > 1 else Label()
    own = label_of(number.label)
    return own if own.what else label_of((*kept, *number.label))


def _value(number: Number, label: Label, *, likely: bool) -> float | None:
    if label.what is Kind.ACCURACY:
        return accuracy_of(number, likely=likely)
    if number.percent:
        return None
    if label.what is Kind.COST:
        return number.value if number.of is None else None
    return number.value if number.whole and number.value < LARGEST_COUNT else None


def _name(label: Label) -> str:
    if label.what is Kind.COST:
        return "cost" if label.splits[:1] in ((), (Kind.TRAIN,)) else ""
    if label.what is Kind.ACCURACY and label.splits:
        return label.splits[0].value
    return label.what.value if label.what else ""


def _named_together(kinds: list[Kind | None]) -> tuple[Kind, ...]:
    """Dev and train of "dev/train accuracy"; only the last where other words stand between them."""
    together: list[Kind] = []
    for before, now in zip([None, *kinds], kinds, strict=False):
        if now is not None and now in SPLITS:
            together = [*together, now] if before in SPLITS and now not in together else [now]
    return tuple(together)


def _parts(word: str) -> tuple[str, ...]:
    match = _COMPOUND.fullmatch(word)
    return match.groups() if match else (word,)
