"""What a check of a lab tests, why, and which mistakes it knows, in the words of the rubric."""

from collections.abc import Iterator

from grader.course.folder import current_course, lab_slug
from grader.course.pages import meant
from grader.course.rubric import CheckRule, Rubric
from grader.errors import UsageError


def explained(check: str, lab: str | None) -> Iterator[str]:
    """Of every lab that has a check of this name, unless one is named. Hidden checks tell no mistakes."""
    labs = current_course().labs
    chosen = [labs[lab_slug(lab)]] if lab else list(labs.values())
    found = [(rubric, rule) for rubric in chosen for rule in rubric.checks if rule.id == check]
    if not found:
        known = sorted({rule.id for rubric in chosen for rule in rubric.checks})
        raise UsageError(f"no check is called {check!r}{meant(check, known, '.')} There are: {', '.join(known)}.")
    for rubric, rule in found:
        yield from _of(rubric, rule)


def _of(rubric: Rubric, check: CheckRule) -> Iterator[str]:
    yield f"{rubric.title}: {check.title} ({check.points:g} points, level {check.level.value})"
    yield f"  What was tested: {check.tested}"
    yield f"  Why: {check.why}"
    if check.example:
        yield from ("  With small numbers:", *(f"    {line}" for line in check.example.splitlines()))
    if check.needs:
        titles = (rule.title for rule in rubric.checks if rule.id in check.needs)
        yield f"  First has to work: {'; '.join(titles)}"
    if not check.public:
        yield "  It is hidden: `grader check` leaves it out, and it runs when the notebook is graded."
        return
    for mistake in rubric.mistakes.values():
        if check.id in mistake.checks:
            yield f"  Mistake: {mistake.title}. {mistake.says}"
            yield f"    Hint: {mistake.hint}"
