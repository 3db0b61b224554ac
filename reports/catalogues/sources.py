"""What is said to students, and where: in the code, on the pages, in the rubrics of the course."""

from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from jinja2.ext import babel_extract

from grader.course.folder import Course, load_course
from grader.course.rubric import Rubric
from reports.catalogues.code import sentences

ROOT = Path(__file__).parents[2]
# Files with sentences that students read, on a page or in a terminal.
CODE = (
    "grader/judging/**/*.py",
    "grader/scoring/*.py",
    "grader/pipeline.py",
    "grader/wording/*.py",
    "grader/intake/*.py",
    "grader/inbox/links.py",
    "grader/inbox/fetching.py",
    "grader/sandbox/*.py",
    "grader/sandbox/walls/card_memory.py",
    "grader/sandbox/guest/colab/*.py",
    "grader/sandbox/guest/years/*.py",
    "grader/sandbox/guest/trainings/*.py",
    "grader/live/*.py",
    "grader/sealed/file.py",
    "reference/trainings/encodings.py",
    "grader/batch/hidden_labels.py",
    "grader/calibration/bounds.py",
    "grader/data/folder.py",
    "grader/data/photos.py",
    "grader/commands/own_check.py",
    "grader/commands/progress.py",
    "grader/commands/ready.py",
    "grader/commands/explain.py",
    "reports/*.py",
)
# Of these, the ones that hold names, patterns and questions, or speak to teachers alone.
SILENT = (
    "grader/intake/kinds.py",
    "grader/intake/ledger.py",
    "grader/intake/own_words.py",
    "grader/intake/person.py",
    "grader/intake/platforms.py",
    "grader/intake/tarball.py",
    "grader/intake/versions.py",
    "grader/judging/checks.py",
    "grader/judging/declared/scene.py",
    "grader/judging/examining.py",
    "grader/judging/instruments/written_answers.py",
    "grader/judging/kinds/embeddings/lists.py",
    "grader/judging/kinds/fine_tuning/interview.py",
    "grader/judging/oracle.py",
    "grader/judging/trainer.py",
    "grader/sandbox/kernel.py",
    "grader/sandbox/guest/colab/packed.py",
    "grader/sandbox/guest/colab/shell.py",
    "reports/certificate.py",
    "reports/languages.py",
    "reports/leaderboard.py",
    "reports/maths.py",
    "reports/pages.py",
    "reports/questions.py",
    "reports/sentences.py",
    "reports/similarity.py",
)
WORDS = ("reports/words.py", "reports/matrix.py")  # in which every word is said
PAGES = "reports/templates/*.html"


class Sentence(NamedTuple):
    english: str | tuple[str, str]  # one and many, where a page counts
    file: str
    line: int
    role: str = ""  # for those who translate
    percent: bool = False  # whether placeholders are those of a page: %(name)s


@cache
def everything() -> tuple[Sentence, ...]:
    return (*of_course(load_course(ROOT)), *(sentence for file in files() for sentence in of_file(file)))


def files() -> list[str]:
    found = {path.relative_to(ROOT).as_posix() for pattern in (*CODE, PAGES) for path in ROOT.glob(pattern)}
    return sorted(found - set(SILENT))


def of_file(file: str) -> Iterator[Sentence]:
    """Below the root."""
    if fnmatch(file, PAGES):
        yield from of_page(file)
    else:
        source = (ROOT / file).read_text("utf-8")
        yield from (Sentence(text, file, line) for line, text in sentences(source, file in WORDS))


def of_page(file: str) -> Iterator[Sentence]:
    options = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
    content = BytesIO((ROOT / file).read_bytes())
    for line, _, message, _ in babel_extract(content, ("gettext", "ngettext", "_"), (), options):
        texts = [message] if isinstance(message, str) else [part for part in message or () if part]
        yield Sentence(texts[0] if len(texts) == 1 else (texts[0], texts[1]), file, line, percent=True)


def of_course(course: Course) -> Iterator[Sentence]:
    for lab, rubric in course.labs.items():
        for role, text in said_by(rubric):
            if text:
                yield Sentence(text, f"rubrics/{lab}.yaml", 1, role)


def said_by(rubric: Rubric) -> Iterator[tuple[str, str]]:
    """What it says of its lab, its checks and their mistakes, each with its part."""
    yield "title of the lab", rubric.title
    for check in rubric.checks:
        yield f"{check.id}: title", check.title
        yield f"{check.id}: tested", check.tested
        yield f"{check.id}: why", check.why
        yield f"{check.id}: example", check.example
    for slug, mistake in rubric.mistakes.items():
        yield f"{slug}: title", mistake.title
        yield f"{slug}: says", mistake.says
        yield f"{slug}: hint", mistake.hint
        yield f"{slug}: nudge", mistake.nudge
        yield f"{slug}: example", mistake.example
