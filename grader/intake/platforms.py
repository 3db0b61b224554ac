"""What learning platforms make of a student's name: folders and files of their downloads, the name and id in them."""

import re
from collections.abc import Iterable, Sequence

import yaml
from msgspec import Struct

from grader.intake.person import LAB_WORD, person, tidy

_READ = 250  # characters of a name
_PATTERNS = [
    re.compile(r"^(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<file>.*)$"),  # Moodle
    re.compile(r"^(?P<name>anon_(?P<id>[^\W_]+))(?:_LATE)?_(?P<when>\d+)_(?P<file>.+)$"),  # Canvas, without names
    re.compile(  # Canvas; hyphens and apostrophes are kept in some versions, and texts have one number only
        r"^(?P<name>[^\W\d_](?:[^\W_]|[-'’., ])*)(?:_LATE)?_(?P<id>\d+)_(?:(?P<when>\d{2,})_(?P<file>.+)|text\b.*)$",
        re.IGNORECASE,
    ),
    re.compile(  # Canvas, with an underscore in the name: numbers long enough to be no lab's, year's or part's
        r"^(?P<name>[^\W\d_](?:\w|[-'’., ])*?)(?:_LATE)?_(?P<id>(?!20\d\d_)\d{3,})_(?P<when>\d{3,})_(?P<file>.+)$"
    ),
    re.compile(  # Brightspace
        r"^(?P<id>\d+)-\d+ ?- ?(?P<name>.+?) ?- ?(?P<date>[^-]*\d{4}[^-]*)(?: ?- ?(?P<file>.+))?$"
    ),
]
_BLACKBOARD = re.compile(r"^(?P<head>.+)_attempt_(?P<when>\d{4}(?:-\d\d){2,5})(?:_(?P<file>.+))?$")
_SAKAI = re.compile(r"^(?P<name>[^()]+?) ?\((?P<id>[^()\s]+)\)$")
_SAKAI_ALONE = re.compile(r"^[^(),]+, [^(),]+\([^()\s]+\)$")
_MONTHS = [  # by the letters they begin with, in English and the languages around us
    "jan ene gen", "feb fev fév", "mar mär", "apr abr avr", "may mai mag", "jun giu jui", "jul lug", "aug ago aoû",
    "sep set", "oct okt out ott", "nov", "dec dic dez déc des",
]  # fmt: skip
_DATE = re.compile(
    r"(?:(?P<month>[^\W\d_]{3})[^\W\d_]*\.? (?P<day>\d{1,2})"
    r"|(?P<day_>\d{1,2})\.? (?:de )?(?P<month_>[^\W\d_]{3})[^\W\d_]*\.?)"
    r",?(?: de)? (?P<year>\d{4}),? (?P<hour>\d{1,2}):?(?P<minute>\d\d) ?(?P<half>[AP]\.?M)?",
    re.IGNORECASE,
)
REGISTER = "submission_metadata.yml"  # Gradescope's, beside the folders it names
REGISTER_LIMIT = 20 * 1024**2


class Collected(Struct, frozen=True):
    """A student as a platform writes them."""

    name: str
    id: str = ""
    file: str = ""  # what is left of the name: the student's own
    when: tuple[int, ...] = ()  # as the platform counts hand-ins


def collected(name: str, inside: str = "", beside: Sequence[str] = ()) -> Collected | None:
    """`inside`: the first folder below, which tells Sakai's; `beside`: names of the same folder, for Blackboard's."""
    name = name[:_READ]
    is_sakais = inside.casefold().startswith("submission attachment") or _SAKAI_ALONE.match(name)
    if is_sakais and (match := _SAKAI.match(name)):
        return Collected(_turned(tidy(match["name"])), match["id"])
    if match := _BLACKBOARD.match(name):
        who = _without_course(match["head"], beside)
        return Collected(who, who, match["file"] or "", tuple(map(int, match["when"].split("-"))))
    for pattern in _PATTERNS:
        if (match := pattern.match(name)) and (who := tidy(match["name"])):
            parts = match.groupdict()
            if "when" in parts and (not person(who) or LAB_WORD.search(f"{who}_{match['id']}_")):
                continue  # `practica_2_2023_...`
            when = (int(parts["when"][:18]),) if parts.get("when") else _dated(parts.get("date") or "")
            return Collected(who, match["id"], parts.get("file") or "", when)
    return None


def _turned(name: str) -> str:
    """`García, Ana` is Ana García."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma and "," not in first else name


def _without_course(head: str, beside: Sequence[str]) -> str:
    """`gradebook_DL4NLP_Lab2_j_smith` less the words all have: who hands in may have an underscore, too."""
    heads = {match["head"] for name in (*beside, head + "_attempt_2000-01-01") if (match := _BLACKBOARD.match(name))}
    words = [other.split("_") for other in heads]
    shared = 0
    while len(words) > 1 and all(len(each) > shared + 1 and each[shared] == words[0][shared] for each in words):
        shared += 1
    own = head.split("_")
    rest = "_".join(own[shared:] if shared else own[-1:])
    return person(rest) or tidy(rest)


def _dated(text: str) -> tuple[int, ...]:
    """`Nov 9, 2022 1012 PM` or `9 November, 2022 1012 PM`, in order of time."""
    match = _DATE.search(text)
    name = (match["month"] or match["month_"]).casefold() if match else ""
    month = next((n for n, names in enumerate(_MONTHS) if name in names.split()), None)
    if not match or month is None:
        return ()
    half = (match["half"] or "").upper()
    hour = int(match["hour"]) % 12 + 12 * half.startswith("P") if half else int(match["hour"])
    return int(match["year"]), month, int(match["day"] or match["day_"]), hour, int(match["minute"])


def registered(text: str) -> dict[str, Collected]:
    """Gradescope's list of who is behind `submission_1001`. Read by lines: students' outputs stand in it as well."""
    people: dict[str, list[dict[str, str]]] = {}
    folder, among = "", False
    for line in text.splitlines():
        if match := re.match(r"(\w+):", line):
            folder, among = match[1], False
        elif match := re.match(r"  :(\w+):", line):
            among = match[1] == "submitters"
        elif among and (match := re.match(r"  (  |- ):(name|sid|email): *(.*)", line)):
            if match[1] == "- ":
                people.setdefault(folder, []).append({})
            if people.get(folder):
                people[folder][-1][match[2]] = _scalar(match[3])
    return {folder: _together(each) for folder, each in people.items() if any(who.get("name") for who in each)}


def _together(people: Iterable[dict[str, str]]) -> Collected:
    named = [who for who in people if who.get("name")]
    ids = (who.get("sid") or who.get("email") or "" for who in named)
    return Collected(tidy(", ".join(who["name"] for who in named)), " ".join(filter(None, ids)))


def _scalar(text: str) -> str:
    try:
        value = yaml.safe_load(text[:200])
    except yaml.YAMLError:
        value = text[:200]
    return str(value).strip() if isinstance(value, str | int) else ""
