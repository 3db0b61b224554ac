"""The accuracy of a classifier that is trained outside its notebook, and what right answers reach by the same rule.

Looked at is the first epoch that is best on dev, as the course teaches, and the accuracy on test there. One start after
another is trained while none has taken off.
"""

from msgspec.structs import replace

from grader.calibration.plan import Plan, handed_out
from grader.calibration.starts import Reached, Starts
from grader.judging.checks import cut, failed, passed, unsure
from grader.judging.claims.claims import claimed
from grader.judging.equal.shown import shown
from grader.judging.equal.understood import NotShown, OneClass
from grader.judging.examiner import Examiner
from grader.judging.instruments.measured import DIGITS
from grader.judging.trainer import Trace
from grader.model import Finding, Measured
from grader.wording.counting import quantity

SEEDS = 1000  # the first that no calibration has used
WORK = 6.0  # times the lab's own, beyond which a training is left to the notebook
ONE_CLASS = "It gave one class to all of {n} examples that were asked, with weights whose logits mean different ones."
LATER = "It was not trained outside the notebook, since {why}."


def accuracy(x: Examiner) -> Finding:
    """Cut where it has to be trained by itself, and why."""
    starts = x.calibration.starts if x.calibration else None
    try:
        if x.understood is None:
            raise NotShown("its forward pass is not known to be the lab's")
        plan = shown(x, x.understood)
        given = handed_out(x.lab, x.head, x.understood.roles if x.understood else ())
        if work(plan) > WORK * work(given):
            raise NotShown("that would take too long")
        row = starts.at(plan.epochs) if starts else None
        if starts is None or row is None:
            raise NotShown(f"nobody knows what right answers reach after {quantity(plan.epochs, 'epoch')}")
        return decided(x, plan, starts, row)
    except OneClass as found:
        return failed(mistake="constant-prediction", seen=ONE_CLASS.format(n=found.asked))
    except NotShown as why:
        return cut(LATER.format(why=why))


def decided(x: Examiner, plan: Plan, starts: Starts, row: Reached) -> Finding:
    assert x.outside is not None
    traces: list[Trace] = []
    missed = below = 0
    while missed < starts.tries(row) and below < starts.lows(row):
        trace = x.outside.trace(plan, SEEDS + len(traces))
        traces.append(trace)
        if trace.dev[trace.best] < starts.off:
            missed += 1
        elif trace.test[trace.best] >= row.smallest:
            return of(traces, passed(told(x, plan, starts, row, traces)), x, plan)
        else:
            below += 1
    seen = told(x, plan, starts, row, traces)
    if not tuned(x, plan):
        if not below and claims_more(x, starts):
            raise NotShown("your own figures say that it learnt, and ours did not")
        return of(traces, failed(f"{seen} That is less than right answers reach."), x, plan)
    if x.understood is not None and x.understood.examples.sweeps:
        raise NotShown("another of its trainings may have reached more")
    said = (
        f"{seen} How far right answers come with your own settings nobody measured, so this is not held against you. "
        "Your instructor looks at it."
    )
    return of(traces, unsure(said), x, plan)


def of(traces: list[Trace], finding: Finding, x: Examiner, plan: Plan) -> Finding:
    """With the figures of the start that counts."""
    last, claims = best_of(traces), claimed(x.cells)
    settings: dict[str, float | str] = {
        "learning_rate": plan.learning_rate,
        "batch": plan.batch,
        "optimizer": "Adam" if plan.adam else "SGD",
        "clip": plan.clip,
        "l2": max(plan.penalty.values(), default=0.0) / 2,  # c·W of the gradient is 2λW
    }
    sizes = {
        "embedding": plan.embedding,
        "hidden": plan.dim or " ".join(map(str, plan.hidden)),
        "dropout": plan.dropout,
    }
    settings |= {name: value for name, value in sizes.items() if value}  # those that the lab has
    return replace(
        finding,
        measured=Measured(
            dev=last.dev[last.best],
            dev_examples=x.calibration.dev.examples if x.calibration else 0,
            test=last.test[last.best],
            test_examples=x.calibration.test.examples if x.calibration else 0,
            test_set=x.truth.digest[:DIGITS] if x.truth else "",
            outside=True,
            epochs=plan.epochs,
            settings=settings,
            claimed_dev=claims.dev,
            claimed_test=claims.test,
        ),
    )


def best_of(traces: list[Trace]) -> Trace:
    return max(traces, key=lambda one: one.dev[one.best])


def claims_more(x: Examiner, starts: Starts) -> bool:
    claims = claimed(x.cells)
    return any(claim is not None and claim >= starts.off for claim in (claims.dev, claims.test))


def tuned(x: Examiner, plan: Plan) -> bool:
    """Whether sizes, rate or batches are others than the lab's: tuning is invited."""
    given = handed_out(x.lab, x.head, x.understood.roles if x.understood else ())
    names = ("batch", "learning_rate", "penalty", "embedding", "dim", "hidden", "dropout", "clip", "adam")
    return any(getattr(plan, name) != getattr(given, name) for name in names) or plan.epochs < given.epochs


def told(x: Examiner, plan: Plan, starts: Starts, row: Reached, traces: list[Trace]) -> str:
    """The figures, measured and claimed."""
    last = best_of(traces)
    claims = claimed(x.cells)
    printed = [f"{c:.3f} on {name}" for name, c in (("dev", claims.dev), ("test", claims.test)) if c is not None]
    examples = (x.calibration.dev.examples, x.calibration.test.examples) if x.calibration else (0, 0)
    what = "pairs" if x.truth and x.truth.inference else "sentences"
    return " ".join((
        "Your training was shown to be the lab's in all that decides what it reaches, so it was carried out outside "
        f"your notebook with your own settings: {quantity(plan.epochs, 'epoch')}, {quantity(len(traces), 'start')}.",
        f"Measured at the epoch that is best on dev, {last.epochs[last.best]}: {last.dev[last.best]:.3f} on the whole "
        f"dev set ({examples[0]} {what}), {last.test[last.best]:.3f} on the whole test set ({examples[1]}).",
        f"By the same rule right answers reach {row.smallest:.3f} or more ({row.mean:.3f} in the mean) if they take "
        f"off, as {row.taken} of {starts.seeds} starts did.",
        *((f"Your notebook says {' and '.join(printed)}.",) if printed else ()),
    ))  # fmt: skip


def work(plan: Plan) -> float:
    """Which grows with a recurrent layer's matrices, or with the units above a bag of words."""
    return float(plan.epochs * (sum(plan.hidden) or (plan.embedding + plan.dim) * plan.dim or 1))
