"""What a check of a lab tests, why, and which mistakes it knows, in the words of the rubric."""

from collections.abc import Iterator

from grader.course.folder import current_course, lab_slug
from grader.course.pages import meant
from grader.course.rubric import CheckRule, Rubric
from grader.errors import UsageError
from reports.languages import gettext, translated


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
    worth = translated(f"{check.points:g} points, level {check.level.value}")
    yield f"{translated(rubric.title)}: {translated(check.title)} ({worth})"
    yield f"  {gettext('What was tested')}: {translated(check.tested)}"
    yield f"  {gettext('Why')}: {translated(check.why)}"
    if check.example:
        example = translated(check.example).splitlines()
        yield from (f"  {gettext('With small numbers')}:", *(f"    {line}" for line in example))
    if check.needs:
        titles = (translated(rule.title) for rule in rubric.checks if rule.id in check.needs)
        yield f"  {gettext('First has to work')}: {'; '.join(titles)}"
    if not check.public:
        hidden = "It is hidden: `grader check` leaves it out, and it runs when the notebook is graded."
        yield f"  {translated(hidden)}"
        return
    for mistake in rubric.mistakes.values():
        if check.id in mistake.checks:
            yield f"  {gettext('Mistake')}: {translated(mistake.title)}. {translated(mistake.says)}"
            yield f"    {gettext('Hint')}: {translated(mistake.hint)}"
