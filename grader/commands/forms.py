"""Proves a lab that the declared judge judges: every form of its model answer, asked in one kernel."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from grader.batch.model_answers import model_answers
from grader.batch.shared import Batch
from grader.commands.verify import Trial
from grader.course.rubric import Rubric
from grader.judging.declared import judge
from grader.judging.declared.interview import Interview
from grader.judging.declared.outcomes import held_out
from grader.judging.declared.readings import alike
from grader.judging.declared.rule import keys_of
from grader.judging.examiner import Examiner, no_formulas
from grader.judging.examining import examine
from grader.judging.model_answer import DECK, STARTER, Declared, ModelAnswer, mistake_of
from grader.model import Outcome, Report, Run, TrainBudget, TrainPolicy
from grader.scoring.summing_up import report
from reference.notebooks import edits_path

Models = Callable[[str], ModelAnswer]


def by_forms(trial: Trial, batch: Batch) -> bool:
    """Whether a form shows it, without running it as a notebook of its own."""
    return batch.rubrics[trial.lab].declared and trial.train is TrainPolicy.NONE


def proved(trials: Sequence[Trial], batch: Batch, told: Callable[[str], None]) -> tuple[list[Report], list[str]]:
    """What is said of each form, and a line for each mistake that cannot be told from something else."""
    reports: list[Report] = []
    with model_answers(batch) as models:
        for one in form_reports(trials, batch, models.of):
            told(one.submission.student)
            reports.append(one)
        return reports, list(told_apart(trials, batch, models.of))


def form_reports(trials: Sequence[Trial], batch: Batch, models: Models) -> Iterator[Report]:
    for trial in trials:
        begun, rubric = time.monotonic(), batch.rubrics[trial.lab]
        x = examiner_of(trial, batch, rubric, models(trial.lab))
        yield report(trial.submission, batch, rubric, x.run, examine(x), time.monotonic() - begun)


def examiner_of(trial: Trial, batch: Batch, rubric: Rubric, answer: ModelAnswer) -> Examiner:
    ours = {"solution": DECK, "starter": STARTER}  # as trials call them
    form = ours.get(trial.name, trial.name)
    return Examiner(
        lab=trial.lab,
        cells=trial.submission.cells,
        run=Run(Outcome.OK, batch.isolation),
        asking=answer.of(form, {}),
        oracle=no_formulas,
        seed=batch.seed,  # one set of questions for all, so that what forms answer is shared
        training=TrainBudget(TrainPolicy.NONE),
        head=rubric.head,
        declared=Declared(rubric, answer),
    )


def told_apart(trials: Sequence[Trial], batch: Batch, models: Models) -> Iterator[str]:
    """A line for each mistake that nothing tells from the solution, or from another one, with file and remedy."""
    for trial in trials:
        if trial.name == "solution":
            rubric, answer = batch.rubrics[trial.lab], models(trial.lab)
            x = examiner_of(trial, batch, rubric, answer)
            interview = judge.interviewed(x, rubric, answer)
            yield from without_held_out(x, rubric, answer)
            yield from without_gradient(rubric, interview)
            yield from alike_mistakes(rubric, answer, interview)


def without_held_out(x: Examiner, rubric: Rubric, answer: ModelAnswer) -> Iterator[str]:
    """A line where the outcome's examples are none that the solution leaves behind: no notebook could be asked."""
    outcome = rubric.subject.outcome if rubric.subject else None
    if outcome is not None and held_out(x, outcome, answer) is None:
        names = " or ".join(f"`{name}`" for name in (*outcome.globals, outcome.labels))
        yield (
            f"rubrics/{rubric.lab}.yaml: the solution leaves no array behind that is called {names}. "
            "Name under `outcome` the globals that it has."
        )


def without_gradient(rubric: Rubric, interview: Interview) -> Iterator[str]:
    """A line for each gradient that a rubric asks for and the model answer does not have: whoever has none passes."""
    for key, fact in interview.forms(DECK).items():
        if key.startswith(f"{fact.part}: gradient ") and isinstance(fact.value, str):
            yield (
                f"rubrics/{rubric.lab}.yaml: in the call {fact.part!r}, {fact.told} {fact.shown or fact.value}. "
                "Take the number away from `gradient`, or let TensorFlow compute the result."
            )


def alike_mistakes(rubric: Rubric, answer: ModelAnswer, interview: Interview) -> Iterator[str]:
    path, deck = edits_path(rubric.lab), interview.forms(DECK)
    for n, form in enumerate(answer.mistakes):
        keys = looked_at(rubric, mistake_of(form), interview, form)
        if alike(interview.forms(form), deck, keys):
            yield f"{place(path, form)}: {form!r} answers all that its checks look at as the solution does. " + (
                f"It shows in {' and '.join(map(repr, seen))}: name that in the rubric."
                if (seen := seen_in(rubric, interview, form))
                else "Ask for more, or take it away."
            )
        for other in answer.mistakes[:n]:
            same = mistake_of(other) != mistake_of(form) and keys == looked_at(
                rubric, mistake_of(other), interview, other
            )
            if same and keys and alike(interview.forms(form), interview.forms(other), keys):
                yield (
                    f"{place(path, form)}: {form!r} answers as {other!r} does. "
                    "Give them one slug, or ask for what tells them apart."
                )


def seen_in(rubric: Rubric, interview: Interview, form: str) -> list[str]:
    """The checks in which a form is told from the model answer."""
    theirs, deck = interview.forms(form), interview.forms(DECK)
    both = {check.id: [*keys_of(check, deck), *keys_of(check, theirs)] for check in rubric.checks}
    return [check for check, keys in both.items() if not alike(theirs, deck, keys)]


def looked_at(rubric: Rubric, slug: str, interview: Interview, form: str) -> list[str]:
    """The facts that the checks of a mistake look at."""
    rule = rubric.mistakes.get(slug)
    checks = [check for check in rubric.checks if rule and check.id in rule.checks]
    readings = (interview.forms(DECK), interview.forms(form))
    return sorted({key for check in checks for reading in readings for key in keys_of(check, reading)})


def place(path: Path, form: str) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    found = (n for n, line in enumerate(lines, 1) if re.match(rf"\s+{re.escape(form)}:", line))
    return f"{path.name}:{next(found, 1)}"
