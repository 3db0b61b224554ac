"""Whose notebook it is, told from file and folder names, and under which name its pages can be written anywhere."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

from msgspec import Struct

from grader.model import Cell

NAME_BYTES = 150  # of UTF-8; file systems allow 255, and suffixes follow

_NAME_READ = 250  # characters; zips may hold far longer names

_COLLECTED = [  # what learning platforms make of a student's name
    re.compile(r"^(?P<name>.+?)_\d+_assignsubmission_"),  # Moodle
    re.compile(r"^(?P<name>[^\W\d_]+)(?:_LATE)?_\d{3,}_\d{3,}_."),  # Canvas
    re.compile(r"^.+?_(?P<name>[^_]+)_attempt_\d{4}-"),  # Blackboard
]
_COPY = re.compile(
    r"(?<![^\W_])(?:copy(?: \d+)? of|copia(?: \d+)? de|copie de|kopie von|(?:ren )?kopia|copia|copy)(?![^\W_])",
    re.IGNORECASE,
)
_LAB_WORD = re.compile(
    r"(?<![^\W_])(?:labs?|laboratory|laboratorio|laborategia|assignment|assign|ass|asg|homework|hw|exercises?"
    r"|pr[aá]ctica|practice|praktika|tarea|ariketa|zeregina|ejercicio|task|week|semana|astea)"
    r"[ _\-.#]*0?\d[ab]?(?![^\W_])|(?<![^\W_])a[1-4](?![^\W_])",
    re.IGNORECASE,
)
_NOISE = frozenset(
    """lab labs laboratory laboratorio laborategia assignment homework practica práctica praktika tarea ariketa
    ejercicio entrega entregas submission submissions notebook notebooks colab jupyter ipynb untitled downloads
    content drive mydrive dl4nlp nlp tf tf2 tensorflow based model models
    warmup warming warm up logistic regression classifier sgd and regularization mlp dropout rnn gru lstm lm
    language modelling modeling word words embedding embeddings attention by wordbyword nli bert transformer
    transformers image captioning caption solution solutions solved resuelto done complete completed final
    finished version draft borrador test new old ok v1 v2 v3""".split()
)
_YEAR = re.compile(r"(?<!\d)20\d\d(?:[-_/]?(?:20)?\d\d)?(?!\d)")
_OWN_WORDS = re.compile(
    r"^\W*(?:student|name|author|full name|nombre|alumn[oa]|autor[ae]?|izena|izen-abizenak|egilea)\W*:\W*"
    r"([^\n<|]{2,60})",
    re.IGNORECASE | re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"your name|tu nombre|zure izena|\.\.\.|___|<", re.IGNORECASE)
_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)$")


class Place(Struct, frozen=True):
    """Where a notebook lay: folders from the outside in, the file's name without its ending; what it says itself."""

    folders: tuple[str, ...]
    stem: str
    lab: str | None = None
    own_words: str = ""


def students(places: Sequence[Place]) -> tuple[str, ...]:
    """A name for each place. Its siblings decide whether `A/B.ipynb` is A's work or B's."""
    beside: dict[tuple[str, ...], list[Place]] = defaultdict(list)
    homes: dict[str, set[str]] = defaultdict(set)
    for place in places:
        beside[place.folders].append(place)
        homes[person(place.stem)].add(_in_folder(place))
    return tuple(_student(place, beside[place.folders], homes[person(place.stem)]) for place in places)


def _student(place: Place, beside: Sequence[Place], homes: set[str]) -> str:
    for name in (*reversed(place.folders), place.stem):
        if collected := _collected(name):
            return collected
    in_stem, in_folder = person(place.stem), _in_folder(place)
    if in_stem and in_folder:
        return in_folder if _folder_is_a_person(place, beside, homes) else in_stem
    return in_stem or in_folder or person(place.own_words) or _tidy(place.stem) or "unnamed"


def _in_folder(place: Place) -> str:
    return next((name for name in map(person, reversed(place.folders)) if name), "")


def _folder_is_a_person(place: Place, beside: Sequence[Place], homes: set[str]) -> bool:
    if len({other.lab for other in beside}) < len(beside):
        return False  # several notebooks of one lab: a class, not a person
    if len(homes) > 1:
        return True  # the same word in the folders of several people names the task
    if not person(place.folders[-1]):
        return False  # `lab1/NAME`, whatever stands around it
    return not _LAB_WORD.search(place.stem)  # `lab1 - NAME` stands for itself


def _collected(name: str) -> str | None:
    found = next((match for pattern in _COLLECTED if (match := pattern.match(name[:_NAME_READ]))), None)
    return _tidy(found["name"]) if found else None


def person(text: str) -> str:
    """What is left of a name without the words that tell the lab, the copy or the year; empty when nothing is."""
    text = unicodedata.normalize("NFC", text[:_NAME_READ])
    text = re.sub(r"\.(ipynb|py|zip|json|txt)$", "", text, flags=re.IGNORECASE)
    text = re.sub(r"\s*\(\d+\)", " ", text)
    text = _YEAR.sub(" ", _COPY.sub(" ", text))
    text, numbers = _LAB_WORD.subn(" ", text)
    text, leading = re.subn(r"^\s*\d{1,2}(?=[\s_.\-])", "", text)
    pieces = re.split(r"([\s_\-.,;:+&]+)", text)
    kept = ["" if piece.casefold() in _NOISE else piece for piece in pieces]
    # Beside a lab's number, "gru" is its title; without one, "gru_fan" may be what somebody calls themselves.
    if numbers or leading or not any(kept[::2]):
        text = "".join(kept)
    text = _tidy(text)
    return text if re.search(r"[^\W\d_]|\d{3,}", text) else ""


def _tidy(text: str) -> str:
    text = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", text))
    text = re.sub(r"([_\-.,;:+&])(?:\s*[_\-.,;:+&])+", r"\1", re.sub(r"\s+", " ", text))
    return text.strip(" _-.,;:+&()[]")[:80].strip()


def own_words(cells: Sequence[Cell], title: str) -> str:
    """The name a notebook gives itself: "Name: …" in its first text cells, or the file name Colab remembers."""
    for cell in [cell for cell in cells if cell.kind == "markdown"][:3]:
        if found := _OWN_WORDS.search(cell.source[:2000]):
            return "" if _PLACEHOLDER.search(found[1]) else found[1].strip(" *_`#")
    return title


def page_name(text: str) -> str:
    """A file or folder name that every system accepts; letters of any script stay."""
    text = unicodedata.normalize("NFC", text)
    text = "".join("_" if c in '<>:"/\\|?*' or unicodedata.category(c)[0] == "C" else c for c in text)
    text = re.sub(r"\.(?=\w)", "_", re.sub(r"\s+", " ", text))  # "results.json" is ours, "con.txt" a device
    text = text.encode()[:NAME_BYTES].decode(errors="ignore").strip(" .")
    if _WINDOWS.match(text):
        text += "_"
    return text or "unnamed"


def told_apart(owners: Sequence[tuple[str, str | None]]) -> tuple[str, ...]:
    """A name for each (student, lab) such that no two rows, and no two pages on any file system, are the same."""
    rows: set[tuple[str, str | None]] = set()
    belongs: dict[str, str] = {}  # page name without case -> the person it belongs to
    numbers: Counter[str] = Counter()
    names = []
    for student, lab in owners:
        name = student
        while (page := page_name(name).casefold(), lab) in rows or belongs.get(page, _key(name)) != _key(name):
            numbers[student] += 1
            name = _with_suffix(student, f" ({numbers[student] + 1})")
        rows.add((page, lab))
        belongs[page] = _key(name)
        names.append(name)
    return tuple(names)


def _key(name: str) -> str:
    """Spellings of one person: differing in case or spaces only."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip().casefold()


def _with_suffix(name: str, suffix: str) -> str:
    while name and not page_name(name + suffix).endswith(suffix):
        name = name[: len(name) * 3 // 4]
    return (name or "unnamed") + suffix
