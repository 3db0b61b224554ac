"""What is left of a file's or folder's name without the words for lab, copy, version and year: somebody's name."""

import re
import unicodedata

NAME_READ = 250  # characters; zips may hold far longer names

_ENDINGS = re.compile(
    r"(?:\.(?:ipynb|py|zip|json|txt|rar|7z|pdf|html?|tar|t?gz|tgz|bz2|xz|part|crdownload|docx?|odt|rtf|md|qmd|rmd"
    r"|webloc|url))+$",
    re.IGNORECASE,
)
_MAILED = re.compile(r"^\s*(?:(?:re|fwd?|rv|res|enc|aw|wg|tr|bt|vs|sv)[:_]\s*)+", re.IGNORECASE)
_COPY = re.compile(  # as Drive, Windows and macOS call one, in the languages of our students and their neighbours
    r"(?<![^\W_])(?:cop(?:y|ia|ie)(?: \d+)? (?:of|de|di|da|do|a|pentru)|c[oòó]pia (?:de|do|da)|(?:ren )?kopia"
    r"|kopie(?: \d+)? (?:von|van|souboru)|kopi[aeo]? a[fv]|c[oòó]pia|copy|copie|kopie|kopi|kopio|kópia|kopija|kopyası"
    r"|duplicate of|duplicado de|копия|копія|αντίγραφο του|másolata|نسخة من)(?: \d+)?(?![^\W_])"
    r"|\([re]{1,2}\)e?n? kopia\b|의\s*(?:사본|복사본)|\s*の\s*コピー|的?副本|사본|복사본|コピー",
    re.IGNORECASE,
)
LAB_WORD = re.compile(
    r"(?<![^\W_])(?:labs?|laboratory|laboratorio|laborategia|assignment|assign|ass|asg|homework|hw|exercises?"
    r"|pr[aá]ctica|practice|praktika|tarea|ariketa|zeregina|ejercicio|task|week|semana|astea)"
    r"[ _\-.#]*0?\d[ab]?(?![^\W_])|(?<![^\W_])a[1-4](?![^\W_])",
    re.IGNORECASE,
)
_NOISE = frozenset(
    """lab labs laboratory laboratorio laborategia assignment assignments homework practica práctica praktika tarea
    ariketa ejercicio exercise entrega entregas submission submissions submitted notebook notebooks colab jupyter ipynb
    untitled downloads content drive mydrive dl4nlp nlp tf tf2 tensorflow based model models
    warmup warming warm up logistic regression classifier sgd and regularization mlp dropout rnn gru lstm lm
    language modelling modeling networks with word words embedding embeddings attention by wordbyword nli bert
    transformer transformers image captioning caption solution solutions solved resuelto done complete completed final
    finished version versión draft borrador test new old ok checkpoint
    based sentiment class clase course curso students alumnos ikasleak hand handin handins ins in attempt
    data datos datasets dataset trees snli glove images imagenes imágenes img figures figuras plots photos checkpoints
    training_checkpoints logs train2014 subset src utils assets backup inbox tmp temp desktop documents documentos
    descargas
    work file files working archivo archivos fichero fitxategia
    export download moodle canvas blackboard classroom gradescope brightspace teams sakai
    submitty nbgrader github mail loose attachment attachments attachment(s) feedback""".split()
)
_NAMES_TOO = frozenset("bert class glove image model models word words work".split())  # of people
_IN_BRACKETS = re.compile(r"\(\s*([^()\d]+?)\s*\)")
_AROUND = ' _-.,;:+&[]"“”„«»「」'
_YEAR = re.compile(r"(?<!\d)20\d\d(?:[-_/]?(?:20)?\d\d)?(?!\d)")
_STAMP = re.compile(
    r"(?<!\d)20\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?:[-_. T]*[0-2]\d[-_.:h]?[0-5]\d(?:[-_.:]?[0-5]\d)?Z?)?(?:-\d{3})?(?!\d)"
)
_DATED = re.compile(
    r"(?<![^\W_])(?:[^\W\d_]{3,10}\.? \d{1,2}|\d{1,2}\.? (?:de )?[^\W\d_]{3,10}\.?),?(?: de)? 20\d\d"
    r"(?:,? \d{1,2}:?\d\d ?(?:[AP]\.?M)?)?(?![^\W_])",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"(?<![^\W_])(?:v|ver|versi[oó]n?|rev|intento|attempt)[ _.-]?\d{1,3}(?![^\W_])"
    r"|(?<![^\W_])(?:final|untitled|sin ?t[ií]tulo)\d+(?![^\W_])",
    re.IGNORECASE,
)
PART = re.compile(  # of one work, so no version of another
    r"(?<![^\W_])(?:part|parte|partea|zati|zatia|teil|partie|ex|ej|q|exercise|ejercicio|ariketa)"
    r"[ _.-]?\d{1,2}[a-z]?(?![^\W_])",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s+[-–—]+\s+")


def person(text: str) -> str:
    """Empty when nothing is left. `Ana - 2. MLP and Dropout` is read in parts, as they stand between dashes."""
    return tidy(" - ".join(parts(text)))


def parts(text: str) -> list[str]:
    """What is left of each of the parts."""
    text = unicodedata.normalize("NFC", text[:NAME_READ])
    text = _MAILED.sub("", _ENDINGS.sub("", text.strip()))
    text = _ENDINGS.sub("", re.sub(r"\s*\(\d+\)", " ", text).rstrip())
    text = _IN_BRACKETS.sub(lambda match: " " if match[1].casefold() in _NOISE else match[0], text)
    for pattern in (_COPY, _STAMP, _DATED, _YEAR, _VERSION, PART):
        text = pattern.sub(" ", text)
    return [left for left in map(_left, _BETWEEN.split(f" {text} ")) if left]


def _left(part: str) -> str:
    numbers = LAB_WORD.findall(part)
    part, leading = re.subn(r"^\s*\d{1,2}(?=[\s_.\-])", "", LAB_WORD.sub(" ", part))
    pieces = re.split(r"([\s_\-.,;:+&\[\]]+)", part)
    kept = ["" if piece.casefold() in _NOISE else piece for piece in pieces]
    if _completes_a_name(pieces, kept, numbers):
        kept = [piece if piece.casefold() in _NAMES_TOO else own for piece, own in zip(pieces, kept, strict=True)]
    # Beside a lab's number, "gru" is its title; without one, "gru_fan" may be what somebody calls themselves.
    if numbers or leading or not any(re.search(r"\w{2}", piece) for piece in kept[::2]):
        part = "".join(kept)
    part = tidy(part)
    return part if re.search(r"[^\W\d_]|\d{3,}", part) else ""


def _completes_a_name(pieces: list[str], kept: list[str], numbers: list[str]) -> bool:
    """`Will Glove lab2`, `Bert Klein lab3`; not `Ana GloVe a2`, `lab5b Bert Ana`, where the work is called so."""
    own = [piece for piece in kept if re.search(r"[^\W_]", piece)]
    both = [piece for piece in pieces if piece in own or piece.casefold() in _NAMES_TOO]
    topics = {"bert"} if any(n.casefold().endswith("5b") for n in numbers) else set()
    topics |= _NAMES_TOO - {"bert"} if any(n.casefold().startswith("a") for n in numbers) else set()
    return len(own) == 1 and len(both) == 2 and all(
        piece.istitle() and piece.casefold() not in topics for piece in both
    )  # fmt: skip


def tidy(text: str) -> str:
    text = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", text))
    text = re.sub(r"([_\-.,;:+&])(?:\s*[_\-.,;:+&])+", r"\1", re.sub(r"\s+|\(\s*\)", " ", text))
    text = text.strip(_AROUND)
    if text.count("(") != text.count(")") or re.fullmatch(r"\([^()]*\)", text):
        text = text.strip(_AROUND + "()")
    return text[:80].strip()


def same(one: str) -> str:
    """Spellings of one person: differing in case or spaces only."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", one)).strip().casefold()
