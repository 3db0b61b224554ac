"""Who wrote what somebody else wrote as well: found only when it is asked for, and told as a question."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from grader.batch.store import FILE, FOLDER, opened
from grader.certificates.issuing import graded_rows
from grader.course.folder import lab_slug, title_of
from grader.errors import UsageError
from grader.intake.person import same
from grader.intake.submission import read_notebook
from grader.intake.whole_files import write_whole
from grader.model import Cell, Submission
from grader.similarity.marks import Place, marks
from grader.similarity.pairs import Pair, compared, groups
from grader.wording.cell_names import cell_names
from grader.wording.counting import quantity
from reference.notebooks import assignment_path, solution, starter
from reports.scrub import name, said
from reports.similarity import Side, Twins, similarity_page


class Work(Struct, frozen=True):
    student: str
    cells: tuple[Cell, ...]
    marks: dict[int, tuple[Place, ...]]


def told_of_similarity(out: Path, lab: str | None, handouts: Sequence[Path], percent: float) -> Iterator[str]:
    submissions, lost = kept_submissions(out)
    chosen = [lab_slug(lab)] if lab else sorted({each.lab for each in submissions if each.lab})
    given = [_read(path) for path in handouts]
    for slug in chosen:
        works = [Work(s.student, s.cells, marks(s.cells)) for s in submissions if s.lab == slug and s.cells]
        yield from _of_lab(slug, works, given, percent / 100, out)
    if not chosen:
        yield "Nothing of a lab of this course was graded here."
    if lost:
        yield f"{quantity(lost, 'notebook')} whose code is not kept in {out} any more: grade again to compare them."


def _of_lab(lab: str, works: list[Work], given: list[tuple[Cell, ...]], alike: float, out: Path) -> Iterator[str]:
    known = {mark for cells in (*_handed_out(lab), *given) for mark in marks(cells)}
    found = compared([work.marks for work in works], known, alike)
    pairs = [pair for pair in found.pairs if same(works[pair.first].student) != same(works[pair.second].student)]
    silent = f", {len(found.silent)} of them with too little of their own to say anything" if found.silent else ""
    yield f"{lab}: {quantity(len(works), 'notebook')} compared{silent}. {_counted(len(pairs))}"
    for pair in pairs:
        both = f"{name(works[pair.first].student)} and {name(works[pair.second].student)}"
        yield f"  {both} look alike ({_share(pair)}); is there a reason?"
    people = [[works[n].student for n in group] for group in groups(pairs) if len(group) > 2]
    page = similarity_page(title_of(lab), [_twins(pair, works) for pair in pairs], people, len(works))
    yield f"Page, for you alone: {write_whole(out / f'similarity-{lab}.html', page.encode()).resolve()}"


def _counted(pairs: int) -> str:
    return f"{quantity(pairs, 'pair')} to look at." if pairs else "No two are more alike than independent work is."


def _share(pair: Pair) -> str:
    return f"{100 * pair.share:.0f} % of the smaller one's own code, {len(pair.shared)} of {pair.smaller} marks"


def _twins(pair: Pair, works: Sequence[Work]) -> Twins:
    sides = tuple(_side(works[n], pair) for n in (pair.first, pair.second))
    return Twins(sides[0], sides[1], _share(pair))


def _side(work: Work, pair: Pair) -> Side:
    lines: dict[int, set[int]] = {}
    for mark in pair.shared:
        for place in work.marks[mark]:
            lines.setdefault(place.cell, set()).update(range(place.first, place.last + 1))
    names = cell_names(work.cells)
    return Side(
        work.student,
        tuple((names[c.index], c.source, frozenset(lines[c.index])) for c in work.cells if c.index in lines),
    )


def _handed_out(lab: str) -> Iterator[tuple[Cell, ...]]:
    """The starter, the model answer, and the assignment as it lies there, which somebody may have edited."""
    for notebook in (starter(lab), solution(lab)):
        yield tuple(Cell(n, cell.cell_type, cell.source) for n, cell in enumerate(notebook.cells))
    if (path := assignment_path(lab)).is_file():
        yield _read(path)


def _read(path: Path) -> tuple[Cell, ...]:
    try:
        notebook = read_notebook(path, path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}). Name a notebook that was handed out.") from None
    if notebook.fault:
        raise UsageError(f"{path} is no notebook: {said(notebook.fault)} Name one that was handed out.")
    return notebook.cells


def kept_submissions(out: Path) -> tuple[list[Submission], int]:
    """Those that results.json has, by what is kept of them; and how many are not kept."""
    rows = graded_rows(out)
    if not (out / FOLDER / FILE).is_file():
        raise UsageError(f"{out} keeps no graded batch. Give the folder that `grader grade --out` wrote.")
    with opened(out) as store:
        asked = store.asked()
        kept = [report.submission for report, _ in store.judged()] + [*(asked.submissions if asked else ())]
    known = {(str(each.path), each.student, each.lab): each for each in kept}
    found = [known.get((row.path, row.student, row.lab)) for row in rows if row.checks]
    return [each for each in found if each], sum(each is None for each in found)
