"""When labs are taught and closed and when their solutions are shown, by the clocks of the course's own place."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from grader.course.pages import Complaint, meant

_HOUR = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
_DAY = r"\d{4}-\d\d-\d\d"
_MOMENT = re.compile(rf"({_DAY})[ T]+(\S+)")


class SessionSheet(Struct, frozen=True, forbid_unknown_fields=True):
    """What course.yaml says of the day on which a lab is taught."""

    date: str
    closes: str = ""  # until when the lab is sent on that day; as for all when empty
    solution: str = ""  # from when on it is known: a day, or a day and a time


class Session(Struct, frozen=True):
    lab: str
    day: date
    closes: datetime | None  # the last moment that is in time
    solution: datetime | None  # the first that is too late
    zone: ZoneInfo

    def in_time(self, moment: datetime) -> bool:
        """Sent on the day itself, by the clocks there, and not after it closed."""
        same_day = moment.astimezone(self.zone).date() == self.day
        return same_day and (self.closes is None or moment.astimezone(UTC) <= self.closes.astimezone(UTC))

    def before_solution(self, moment: datetime) -> bool:
        return self.solution is None or moment.astimezone(UTC) < self.solution.astimezone(UTC)

    def counts(self, moment: datetime) -> bool:
        """For the work itself, which may be corrected until its solution is known; else until the lab closes."""
        return self.before_solution(moment) if self.solution else self.in_time(moment)


def sessions(sheets: Mapping[str, SessionSheet], zone: str, closes: str) -> dict[str, Session]:
    place = ZoneInfo(zone or "UTC")
    return {lab: _session(lab, sheet, place, closes) for lab, sheet in sheets.items()}


def _session(lab: str, sheet: SessionSheet, zone: ZoneInfo, closes: str) -> Session:
    day = date.fromisoformat(sheet.date)
    hour = _hour(sheet.closes or closes) if sheet.closes or closes else None
    return Session(
        lab=lab,
        day=day,
        closes=_latest(datetime.combine(day, hour), zone) if hour else None,
        solution=_latest(_moment(sheet.solution), zone) if sheet.solution else None,
        zone=zone,
    )


def _latest(local: datetime, zone: ZoneInfo) -> datetime:
    """Where clocks go back, an hour comes twice: the second one counts, in favour of whoever sends."""
    return local.replace(tzinfo=zone, fold=1)


def complaints(sheets: Mapping[str, SessionSheet], zone: str, closes: str, labs: Iterable[str]) -> Iterator[Complaint]:
    known = tuple(labs)
    if zone and zone not in available_timezones():
        near = meant(zone, available_timezones(), "; write one like Europe/Madrid")
        yield ("timezone",), f"{zone!r} is no time zone{near}"
        return
    if sheets and not zone:
        yield ("sessions",), "times need a time zone; write one, such as `timezone: Europe/Madrid`, above them"
    if closes and not _hour(closes):
        yield ("closes",), _no_hour(closes)
        return
    for lab, sheet in sheets.items():
        if lab not in known:
            yield ("sessions", lab), f"{lab!r} is no lab of this course{meant(lab, known)}"
        for key, sentence in _of_one(sheet, ZoneInfo(zone or "UTC"), closes):
            yield ("sessions", lab, key), sentence


def _of_one(sheet: SessionSheet, zone: ZoneInfo, closes: str) -> Iterator[tuple[str, str]]:
    """The key, and what is wrong there."""
    if not _is_day(sheet.date):
        yield "date", f"{sheet.date!r} is no day; write it as 2026-03-29"
        return
    if sheet.closes and not _hour(sheet.closes):
        yield "closes", _no_hour(sheet.closes)
        return
    hour = _hour(sheet.closes or closes)
    end = datetime.combine(date.fromisoformat(sheet.date), hour or time(0))
    if hour and not _exists(end, zone):
        yield ("closes" if sheet.closes else "date"), _skipped(end, zone)
    if sheet.solution and not _is_moment(sheet.solution):
        yield "solution", f"{sheet.solution!r} is no day and time; write it as 2026-03-29 16:00, or the day alone"
    elif sheet.solution and not _exists(_moment(sheet.solution), zone):
        yield "solution", _skipped(_moment(sheet.solution), zone)
    elif sheet.solution and _moment(sheet.solution) < end:
        yield "solution", "the solution is shown before the lab closes; one of the two times is wrong"


def _no_hour(text: str) -> str:
    return f"{text!r} is no time of day; write it as 18:30"


def _skipped(moment: datetime, zone: ZoneInfo) -> str:
    return (
        f"there is no {moment:%H:%M} on {moment:%Y-%m-%d} in {zone.key}: clocks go forward over it; write another time"
    )


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    there = local.replace(tzinfo=zone)
    return there.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


def _hour(text: str) -> time | None:
    match = _HOUR.fullmatch(text.strip())
    return time(int(match[1]), int(match[2])) if match else None


def _is_day(text: str) -> bool:
    try:
        return bool(re.fullmatch(_DAY, text) and date.fromisoformat(text))
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    match = _MOMENT.fullmatch(text.strip())
    return _is_day(match[1]) and _hour(match[2]) is not None if match else _is_day(text.strip())


def _moment(text: str) -> datetime:
    """A day alone begins at midnight."""
    match = _MOMENT.fullmatch(text.strip())
    day = date.fromisoformat(match[1] if match else text.strip())
    return datetime.combine(day, (match and _hour(match[2])) or time(0))
