"""What a reviewer sees of an answer: the text, the cell, the pictures; and which answers are equal."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from grader.batch.kept_reports import KeptReports
from grader.model import CheckResult, Report, Verdict
from grader.review.desk import Case
from grader.scoring.score import NO_ANSWER, SILENT
from grader.wording.cell_names import cell_names
from reports.notebook import ShownCell, shown_cells
from reports.outputs import Shown, shown
from reports.scrub import said, visible

_PICTURES = 6  # of a notebook, where none belongs to the check
_REMEMBERED = 300  # answers, with their pictures
SAYS_NOTHING = {NO_ANSWER, *SILENT.values()}


class Evidence(Struct, frozen=True):
    kept: bool = False  # whether the out folder still has what the notebook did
    text: str = ""
    difference: str = ""
    cell: ShownCell | None = None
    pictures: tuple[Shown, ...] = ()


class Group(Struct, frozen=True):
    """Cases that are equal in all that can be seen of them, and were decided alike."""

    cases: tuple[Case, ...]
    evidence: Evidence


class Answers:
    """Evidence of cases; the latest are remembered. Threads share it."""

    def __init__(self, kept: KeptReports) -> None:
        self._kept = kept
        self._remembered: OrderedDict[tuple[str, str, bytes], Evidence] = OrderedDict()
        self._one_at_a_time = Lock()

    def of(self, case: Case) -> Evidence:
        key = (case.content, case.row.lab or "", msgspec.json.encode(case.check))
        with self._one_at_a_time:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                return self._remembered[key]
        report = self._kept.of(case.row, case.content)
        evidence = _evidence(report, case.check.id) if report else Evidence()
        if report:
            with self._one_at_a_time:
                self._remembered[key] = evidence
                while len(self._remembered) > _REMEMBERED:
                    self._remembered.popitem(last=False)
        return evidence

    def grouped(self, cases: Sequence[Case]) -> tuple[Group, ...]:
        """Open ones first, then those that changed since they were decided, the largest group first."""
        groups: dict[str, list[Case]] = {}
        evidence: dict[str, Evidence] = {}
        texts = any(self.of(case).text for case in cases)
        for case in cases:
            own = self.of(case)
            own = replace(own, pictures=()) if texts else own  # whoever wrote nothing is not judged by pictures
            key = _key(case, own)
            groups.setdefault(key, []).append(case)
            evidence.setdefault(key, own)
        found = [Group(tuple(group), evidence[key]) for key, group in groups.items()]
        return tuple(sorted(found, key=lambda g: (not g.cases[0].is_open, not g.cases[0].is_changed, -len(g.cases))))


def _key(case: Case, evidence: Evidence) -> str:
    """Nobody is taken for equal of whom nothing is to be seen: but for equal notebooks, each is a group of its own."""
    shows = evidence.text or evidence.cell or evidence.pictures or case.check.message not in SAYS_NOTHING
    own = "" if evidence.kept and shows else case.content or case.ref
    decision = case.decision
    mark = (decision.points, decision.reason, decision.comment) if decision else None
    check = (case.check.verdict.value, case.check.points, case.check.possible, case.check.message)
    cell = evidence.cell and replace(evidence.cell, index=0, anchor="", name="")
    parts = (check, mark, case.is_changed, own, evidence.text, evidence.difference, cell, evidence.pictures)
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()


def _evidence(report: Report, check_id: str) -> Evidence:
    check = next((check for check in report.card.checks if check.id == check_id), None)
    if check is None:
        return Evidence()
    cell = _cell(report, check)
    looked_at = check.verdict is Verdict.MANUAL and not check.seen and cell is None
    pictures = tuple(_pictures(report))[-_PICTURES:] if looked_at else ()
    difference = said(check.difference.sentence) if check.difference else ""
    return Evidence(True, visible(check.seen), difference, cell, pictures)


def _cell(report: Report, check: CheckResult) -> ShownCell | None:
    own = tuple(cell for cell in report.submission.cells if cell.index == check.cell)
    if not own:
        return None
    alone = replace(report, submission=replace(report.submission, cells=own))
    (cell,) = shown_cells(alone)
    return replace(cell, name=cell_names(report.submission.cells)[own[0].index])


def _pictures(report: Report) -> Iterator[Shown]:
    for run in report.run.cells:
        for output in run.outputs:
            if "data" in output:
                yield from (part for part in shown(output) if part.kind == "image")
