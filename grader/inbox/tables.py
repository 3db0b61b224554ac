"""A table of links, as a form or a spreadsheet saves it: who, which lab, where, and when if it says so."""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from grader.errors import UsageError
from grader.inbox.bodies import addresses_in
from grader.inbox.facts import Facts, stamp
from grader.intake.ledger import TimedBy

_COLUMNS = {
    "name": "name student fullname yourname nombre nombreyapellidos nombrecompleto izena izenabizenak",
    "id": "id studentid idnumber",
    "email": "email mail emailaddress username address correo correoelectronico direcciondecorreoelectronico eposta",
    "lab": "lab assignment exercise task practica laboratorio laborategia",
    "link": "link url links colab colablink notebook enlace esteka",
    "time": "time timestamp date submitted received sent marcatemporal fecha hora data denborazigilua",
}
_KNOWN = {word: column for column, words in _COLUMNS.items() for word in words.split()}
_FORMS = ("%Y/%m/%d %I:%M:%S %p", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")
_OFFSET = re.compile(r" ?(?:GMT|UTC)([+-]\d{1,2})(?::?(\d\d))?$", re.IGNORECASE)


def rows(path: Path, zone: ZoneInfo) -> Iterator[Facts]:
    """One for each row; its links are in it and were not followed yet. Times without a zone are the course's own."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a table ({error}). Save it as CSV UTF-8.") from None
    head = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    titles = {n: _KNOWN[word] for n, cell in enumerate(next(table, [])) if (word := _plain(cell)) in _KNOWN}
    if not {"name", "email", "id"} & {*titles.values()}:
        raise UsageError(f"{path.name}:1: there is no column 'name', 'email' or 'id' to tell whose a link is. Add one.")
    for row in table:
        if any(cell.strip() for cell in row):
            cells = {titles[n]: cell.strip() for n, cell in enumerate(row) if n in titles}
            yield _facts(cells, row, f"{path.name}:{table.line_num}", zone)


def _facts(cells: Mapping[str, str], row: list[str], origin: str, zone: ZoneInfo) -> Facts:
    links = addresses_in(cells.get("link", "")) or addresses_in(" ".join(row))
    when = _moment(cells.get("time", ""), zone)
    return Facts(
        key=hashlib.sha256("\0".join(row).encode("utf-8", "replace")).hexdigest(),
        sender=cells.get("email", "").casefold()[:200],
        sender_name="",
        subject=" - ".join(filter(None, (cells.get("lab", ""), cells.get("name", ""))))[:400],
        time=stamp(when),
        timed_by=TimedBy.ROW if when else TimedBy.NOTHING,
        dated=stamp(when),
        message_id="",
        held=(),
        links=links.addresses,
        origin=origin,
        student_id=cells.get("id", ""),
    )


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """None for what cannot be read for sure."""
    offset = _OFFSET.search(text)
    text = _OFFSET.sub("", text)
    text = re.sub(r"\b([ap])\. ?m\.?", r"\1m", text.strip(), flags=re.IGNORECASE).replace(",", "")
    text = re.sub(r" (?:CES?T|WES?T)$", "", text)
    found = _of_iso(text)
    for form in _FORMS if found is None else ():
        try:
            found = datetime.strptime(text, form)
            break
        except ValueError:
            continue
    if found is None:
        return None
    if offset:
        minutes = int(offset[1]) * 60 + (int(offset[2] or 0) if offset[1][0] != "-" else -int(offset[2] or 0))
        return datetime.fromtimestamp(found.replace(tzinfo=UTC).timestamp() - 60 * minutes, UTC)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _of_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _plain(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[^a-z]", "", bare.casefold())
