"""A class as a matrix: a row for each student, a column for each piece of work, how much was earned in each cell."""

from collections.abc import Sequence

from msgspec import Struct

from grader.intake.person import same
from grader.model import Outcome, Report
from reports import words

STEPS = 5  # of colour
LOW = 0.5  # of the points: less is told apart in the filter
UNRECOGNISED = ""
SHORT = {
    Outcome.UNREADABLE: "unread",
    Outcome.UNATTEMPTED: "not begun",
    Outcome.GRADER_ERROR: "our fault",
}


class Column(Struct, frozen=True):
    lab: str  # its slug; empty for what is of no lab we know
    short: str
    title: str


class Entry(Struct, frozen=True):
    """A notebook in its cell."""

    href: str
    report: Report
    step: int | None  # of colour, from 0; None where there are no points to speak of
    word: str  # in the place of figures; empty where there are some

    @property
    def share(self) -> float:
        card = self.report.card
        return card.earned / card.possible if card.possible and not self.word else -1.0


class MatrixRow(Struct, frozen=True):
    student: str
    cells: tuple[tuple[Entry, ...], ...]  # for each column what was handed in: nothing, or a notebook
    earned: float
    possible: float
    pending: float

    @property
    def filters(self) -> str:
        """Classes by which the page filters."""
        entries = [entry for cell in self.cells for entry in cell]
        told = {
            "has-open": self.pending > 0,
            "has-low": any(entry.share < LOW for entry in entries),
            "has-gap": not all(self.cells),
        }
        return " ".join(name for name, holds in told.items() if holds)


class Matrix(Struct, frozen=True):
    columns: tuple[Column, ...]
    rows: tuple[MatrixRow, ...]


def matrix(reports: Sequence[Report], links: Sequence[str], order: Sequence[str] = ()) -> Matrix:
    """`order`: slugs as the course has them; works beyond these follow, those of no lab we know last."""
    columns = works(reports, order)
    place = {column.lab: n for n, column in enumerate(columns)}
    cells: dict[str, list[list[Entry]]] = {}
    names: dict[str, str] = {}
    for report, href in zip(reports, links, strict=True):
        who = same(report.submission.student)
        names.setdefault(who, report.submission.student)
        row = cells.setdefault(who, [[] for _ in columns])
        row[place[report.submission.lab or UNRECOGNISED]].append(entry(report, href))
    rows = [matrix_row(names[who], row) for who, row in cells.items()]
    return Matrix(columns, tuple(sorted(rows, key=lambda row: row.student.casefold())))


def works(reports: Sequence[Report], order: Sequence[str] = ()) -> tuple[Column, ...]:
    titles = {report.submission.lab or UNRECOGNISED: words.lab_name(report) for report in reports}
    others = sorted(set(titles) - set(order), key=lambda lab: (lab == UNRECOGNISED, lab))
    return tuple(Column(lab, short(lab), titles[lab]) for lab in (*order, *others) if lab in titles)


def short(lab: str) -> str:
    """`lab5b` of `lab5b_bert`; "?" where no lab is known."""
    return lab.partition("_")[0] or "?"


def entry(report: Report, href: str) -> Entry:
    word = SHORT.get(report.outcome, "" if report.card.possible else "no points")
    return Entry(href, report, None if word else step(report.card.earned / report.card.possible), word)


def step(share: float) -> int:
    """0 for the lowest fifth; 4 for the highest, which all points are in."""
    return min(max(int(share * STEPS + 1e-9), 0), STEPS - 1)


def matrix_row(student: str, cells: Sequence[Sequence[Entry]]) -> MatrixRow:
    cards = [entry.report.card for cell in cells for entry in cell]
    return MatrixRow(
        student,
        tuple(map(tuple, cells)),
        sum(card.earned for card in cards),
        sum(card.possible for card in cards),
        sum(card.pending for card in cards),
    )
