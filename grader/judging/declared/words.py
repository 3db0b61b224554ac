"""A class in sizes for which there are no answers: what is said of it in words is the same in all sizes.

That a variable is there, that a step changes it, what kind of penalty it has: a word that is that of a known mistake
names it, and a check that looks at words alone may pass. Numbers stay open.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from grader.course.subject import Subject
from grader.judging.declared.bindings import Binding, bindings
from grader.judging.declared.classifier_facts import read, running
from grader.judging.declared.forms import Forms
from grader.judging.declared.interview import Interview
from grader.judging.declared.scene import Scene, Task
from grader.judging.declared.training import Trainee
from grader.judging.examiner import Examiner
from grader.judging.meeting.watching import first_gradients
from grader.sandbox.guest.wire import VariableInfo


def interview_in_words(x: Examiner, one: Trainee, subject: Subject, forms: Forms) -> Interview:
    """`forms` are those of `subject`, in the lab's own sizes.

    Which variables are what is told by their shapes alone; where more of them take part than the lab asks for, that
    is no more than a guess, and nothing is said of them.
    """
    task = resized(forms.task, subject, one.subject)
    ways = bindings(task.roles, task.fixed, one.variables)
    way = next((way for way in ways if way.covers(one.variables) and not beyond(one, way)), None)
    seen = read(Scene(x, task, one, way)) if way is not None else running(one)
    words = {key: fact for key, fact in seen.items() if isinstance(fact.value, str)}
    return Interview(words, forms.as_written, forms.differs, one.info.cell, in_words=True)


def resized(task: Task, lab: Subject, own: Subject) -> Task:
    """With the arguments that a notebook's class is made with, in place of the lab's."""
    numbers = {old: own.arguments[name] for name, old in lab.arguments.items() if type(old) is int}
    roles = {role: tuple(numbers.get(n, n) for n in shape) for role, shape in task.roles.items()}
    return replace(task, roles=roles, fixed=tuple(numbers.get(n, n) for n in task.fixed))


def beyond(one: Trainee, binding: Binding) -> str:
    """Why a forward pass that no form explains is left open: variables take part that the lab does not ask for."""
    used = binding.paths
    gradients = first_gradients(one.watched) if one.watched else {}
    more = [v for v in one.variables if v.path not in used and gradients.get(v.path) is not None]
    if more and len(binding.places) < len(binding.shapes):
        return unmatched(one)
    told = f"Your class holds more than the lab asks for ({laid_out(more)}), so what it computes could not be compared"
    return f"{told}; your instructor will look at it." if more else ""


def unmatched(one: Trainee) -> str:
    told = f"Your variables ({laid_out(one.variables)}) could not be matched with those of the lab"
    return f"{told}; your instructor will look at it."


def laid_out(variables: Sequence[VariableInfo]) -> str:
    return ", ".join(f"{v.path.removeprefix('c.')} {list(v.shape)}" for v in variables[:8])
