"""What the guest makes of notebooks: which settings, constructions and trainings it sees, and how tensors are made."""

import numpy as np
import pytest

from grader.judging.comparing.arrays import array, send
from grader.model import Cell, CellStatus, Limits, Run, Status, TrainBudget, TrainPolicy
from grader.sandbox.guest.wire import (
    Call,
    Construction,
    Gradient,
    Inventory,
    Listing,
    ListVariables,
    Make,
    Mapping,
    Question,
    Read,
    Ref,
    Survey,
    VariableList,
    Watch,
    Watched,
)
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import KeptSession, open_session

CLASS = """
import numpy as np, tensorflow as tf
class Settings: rate = 0.5
class Classifier:
    batch_size = 4
    training_epochs = 9
    lr = 0.1
    def __init__(self, dim, f, optimizer=None):
        self.W, self.f, self.optimizer = tf.Variable(tf.ones([dim, 2])), f, optimizer
        self.count, self.best, self.order = tf.Variable(0), tf.Variable(0.0), tf.Variable([2, 0, 1])
        self.lr = 0.2
        self.trainable_variables = [self.W]
class Later(Classifier):
    pass
"""
LOOP = """
def train(classifier, data, strength):
    seen = 0
    for epoch in range(classifier.training_epochs):
        with tf.GradientTape() as tape:
            cost = tf.reduce_mean(tf.square(classifier.W)) * strength
        classifier.optimizer.apply_gradients([(tape.gradient(cost, classifier.W), classifier.W)])
        seen += 1
    return seen
"""
LABELS = """
logits = tf.constant([[0., 1.], [2., 0.]])
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
plain = tf.keras.losses.sparse_categorical_crossentropy
same = [loss([1, 0], logits), loss((1, 0), logits), loss(y_true=[1, 0], y_pred=logits), loss(np.array([1, 0]), logits),
        tf.reduce_mean(plain([1, 0], logits, from_logits=True))]
print(len({round(float(value), 5) for value in same}))
"""
CALLED = """
class Model(tf.keras.Model):
    def call(self, x, rate, training=None): return x * rate if training else x
print(Model()(tf.ones([1]), 3., True).numpy(), Model()(tf.ones([1]), 3.).numpy())
"""
COMPILED = """
class Compiled(Classifier):
    def train(self, data, strength):
        for epoch in range(2): self.step(float(strength))
    @tf.function
    def step(self, strength):
        with tf.GradientTape() as tape: cost = tf.reduce_sum(self.W) * strength
        tape.gradient(cost, [self.W])
Compiled(2, None).train([], np.float64(0.25))
"""
FUNCTIONS = """
def handed_on(x): return tf.exp(tf.constant(np.float32(x)) * np.sqrt(2 * np.pi)) * np.ones(x.shape, np.float32)
def computed(x): return tf.exp(np.square(x))
def wrapped(x): return tf.numpy_function(np.exp, [x], tf.float32)
def library(x): return tf.compat.v1.distributions.Normal(0., 1.).prob(x)
def predictions(x): return x + 1
models = predictions
"""
ENDLESS = """
class Sampler:
    tries = 0
    def model(self):
        self.tries += 1
        raise ValueError
    def sample(self):
        while True:
            try:
                return self.model()
            except ValueError:
                pass
sampler = Sampler()
sampler.sample()
"""
MENDED = "sampler.model = lambda: 'a word'\nprint(sampler.sample(), sampler.model(), sampler.tries > 0)"
FILES = """
import pathlib
for name in ("config", "values", "notes", "training", "answer", "start"):
    pathlib.Path(name + ".py").write_text(f"written_by = 'the student, as {name}'")
import config, values, notes, training, answer, start
print({module.written_by.split()[1] for module in (config, values, notes, training, answer, start)})
"""
HALVING = """
class Halving:
    def __init__(self): self.W = tf.Variable(1.0)
    def train(self):
        for step in range(100):
            with tf.GradientTape() as tape: cost = self.W * 1.0
            tape.gradient(cost, self.W)
            self.W.assign(self.W * 0.8)
"""
SLOW = """
import time
begun, ended, watched = 0, 0, tf.Variable(1.0)
for step in range(9):
    with tf.GradientTape() as tape:
        begun += 1
        time.sleep(1.8)
        cost = watched * watched
    tape.gradient(cost, watched)
    ended += 1
"""
ASKED_LATER = """
import time
number = tf.Variable(2.0)
with tf.GradientTape() as tape: square = number * number
tape.gradient(square, number)
class Scaled:
    def __init__(self, factor): self.factor = factor
    def __call__(self, x): return x * self.factor
class Line(Scaled):
    def __init__(self): super().__init__(tf.Variable([3.0]))
double, line = Scaled(2.0), Line()
"""
HELD = """
from dataclasses import dataclass
from typing import NamedTuple
@dataclass(frozen=True)
class Frozen: rate: float = 0.5
class Named(NamedTuple): rate: float = 0.25
e, g = Classifier(3, Frozen()), Classifier(3, f=Named())
"""
GLOBAL = """
N_EPOCHS = 7
class Counted:
    def __init__(self): self.W, self.seen = tf.Variable(1.0), 0
    def train(self):
        for epoch in range(N_EPOCHS):
            with tf.GradientTape() as tape: cost = self.W * 1.0
            tf.optimizers.SGD(0.1).apply_gradients([(tape.gradient(cost, self.W), self.W)])
            self.seen += 1
counted = Counted()
counted.train()
print(N_EPOCHS, counted.seen)
"""
LATER = """
class Set:
    training_epochs = 9
    def __init__(self): self.W, self.seen = tf.Variable(1.0), 0
def train(self):
    for epoch in range(self.training_epochs):
        with tf.GradientTape() as tape: cost = self.W * 1.0
        tape.gradient(cost, self.W)
        self.seen += 1
Set.train = train
"""
CELLS = {
    "class": CLASS,
    "loop": LOOP,
    "made": "c = Later(3, tf.nn.relu, tf.optimizers.SGD(0.5))\nd = Later(np.int64(3), f=Settings())",
    "trained": "print(train(c, [], 2))",
    "labels": LABELS,
    "called": CALLED,
    "compiled": COMPILED,
    "functions": FUNCTIONS,
    "endless": ENDLESS,
    "mended": MENDED,
    "files": FILES,
    "halving": HALVING,
    "slow": SLOW,
    "after": "print(begun, ended)",
    "global": GLOBAL,
    "set later": LATER,
    "set": "later = Set()\nlater.train()\nprint(later.seen)",
    "held": HELD,
    "asked later": ASKED_LATER,
}


@pytest.fixture(scope="module")
def session(kernel: None):
    budget, limits = TrainBudget(policy=TrainPolicy.NONE), Limits(cell=40)
    with open_session(
        Setting(slot=5, data={}, limits=limits, budget=budget, seed=1, isolation=best_isolation())
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def run(session: KeptSession) -> Run:
    return session.run(tuple(Cell(i, "code", source) for i, source in enumerate(CELLS.values())))


@pytest.fixture(scope="module")
def inventory(session: KeptSession, run: Run) -> Inventory:
    found = session.ask(Question("survey", (Survey("all"),))).values["all"]
    assert isinstance(found, Inventory)
    return found


def text(run: Run, name: str) -> str:
    return "".join(output["text"] for output in run.cells[list(CELLS).index(name)].outputs if "text" in output)


def test_every_cell_runs_but_the_one_that_would_not_end(run: Run):
    failed = {name: c.trouble for name, c in zip(CELLS, run.cells, strict=True) if c.status is not CellStatus.OK}
    assert failed.keys() == {"endless"}, failed


def test_labels_in_a_list_give_the_loss_they_gave(run: Run):
    assert text(run, "labels") == "1\n"
    assert any("Labels in a list" in change for change in run.changes)


def test_numbers_after_the_input_reach_the_call_of_a_keras_model(run: Run):
    assert text(run, "called") == "[3.] [1.]\n"


def test_a_function_that_trains_what_it_is_handed_is_cut_and_stands_for_the_missing_method(
    run: Run, inventory: Inventory
):
    assert text(run, "trained") == "1\n"
    later = next(info for info in inventory.classes if info.name == "Later")
    assert later.trains == ("train",)
    assert [p.name for p in later.methods["train"]] == ["data", "strength"]


def test_a_method_that_is_set_on_its_class_later_is_cut_and_logged(run: Run, inventory: Inventory):
    assert text(run, "set") == "1\n"
    training = inventory.trainings[-1]
    assert (training.cls, training.method, training.cut) == ("Set", "train", True)


def test_epochs_in_a_global_are_cut_for_cells_and_not_for_questions(run: Run, session: KeptSession) -> None:
    assert text(run, "global") == "1 1\n"
    steps = Make("n", "Counted"), Watch("n", "train", "w", steps=5)
    watched = session.ask(Question("counted", steps)).values["w"]
    assert isinstance(watched, Watched) and len(watched.tape) == 5


def test_a_compiled_step_and_a_numpy_number_are_logged(inventory: Inventory):
    training = next(t for t in inventory.trainings if t.cls == "Compiled")
    assert (training.cls, training.method, training.args[1], training.steps) == ("Compiled", "train", 0.25, 2)


def test_a_construction_with_an_inherited_constructor_counts_for_its_own_class(inventory: Inventory):
    first, second = [made for made in inventory.constructions if made.cls == "Later"]
    assert (first.bound_to, first.args) == ("c", (3, Ref("_made[0].args[1]"), Ref("_made[0].args[2]")))
    assert (second.args, second.kwargs) == ((3,), {"f": Ref("_made[1].kwargs['f']")})


def test_functions_and_objects_given_to_a_constructor_are_given_again_and_optimizers_begin_anew(
    session: KeptSession, inventory: Inventory
):
    made: Construction = inventory.constructions[0]
    steps = (
        Make("n", made.cls, made.args, made.kwargs),
        ListVariables("n", "v"),
        Read("n.f is tf.nn.relu", "same"),
        Read("n.optimizer is not c.optimizer and int(n.optimizer.iterations) == 0", "anew"),
    )
    answer = session.ask(Question("again", steps))
    assert (answer.values["same"], answer.values["anew"]) == (True, True)
    listed = answer.values["v"]
    assert isinstance(listed, VariableList)
    assert [v.path for v in listed.variables] == ["n.W"], "counters and best accuracies are no weights"
    assert {"batch_size": 4, "lr": 0.2, "optimizer.learning_rate": 0.5}.items() <= listed.scalars.items()


@pytest.mark.parametrize(("name", "works"), [("handed_on", False), ("computed", True), ("wrapped", True)])
def test_numpy_works_in_tensorflow_only_where_it_computes_with_x(
    session: KeptSession, run: Run, name: str, works: bool
):
    x = send(np.linspace(-2, 2, 7).astype(np.float32), "tensor")
    answer = session.ask(Question(name, (Call("grader_touched", (Ref(name), x), into="t"), Call(name, (x,), into="y"))))
    assert answer.status is Status.ANSWERED and array(answer.values["y"]) is not None
    assert answer.values["t"] is works


def test_the_distributions_of_tensorflow_are_ready_made(session: KeptSession, run: Run):
    x = send(np.ones(3, np.float32), "tensor")
    answer = session.ask(Question("library", (Call("grader_ready_made", (Ref("library"), x), into="r"),)))
    assert answer.values["r"] is True


def test_a_function_that_is_called_like_one_of_ours_is_the_notebooks_own(session: KeptSession, run: Run) -> None:
    for name in ("predictions", "models"):
        answer = session.ask(Question(name, (Call(name, (send(np.ones(3, np.float32), "tensor"),), into="y"),)))
        assert np.array_equal(array(answer.values["y"]), [2, 2, 2]), name


def test_an_object_that_only_holds_settings_is_shown_and_given_again_with_others(
    session: KeptSession, inventory: Inventory
) -> None:
    frozen, named = [made for made in inventory.constructions if made.cls == "Classifier"]
    shown = [frozen.args[1], named.kwargs["f"]]
    assert [value.items for value in shown if isinstance(value, Mapping)] == [{"rate": 0.5}, {"rate": 0.25}]
    for i, value in enumerate(shown):
        assert isinstance(value, Mapping)
        steps = (
            Make("n", "Classifier", (3, Mapping({"rate": 0.75}, value.of))),
            Read("n.f.rate, e.f.rate, g.f.rate", "r"),
        )
        assert session.ask(Question(f"held {i}", steps)).values["r"] == Listing((0.75, 0.5, 0.25), "tuple")


def test_a_tape_in_the_last_cell_takes_no_seconds_from_questions(session: KeptSession, run: Run) -> None:
    x = send(np.ones(3, np.float32), "tensor")
    steps = Call("__import__('time').sleep", (1.0,), into="slept"), Gradient("double", (x,), "dx")
    answer = session.ask(Question("late gradient", steps))
    assert answer.status is Status.ANSWERED and np.array_equal(array(answer.values["dx"]), [2, 2, 2])


def test_an_object_that_is_called_is_a_function_unless_it_has_weights(inventory: Inventory) -> None:
    found = {f.name: [p.name for p in f.parameters] for f in inventory.functions}
    assert found["double"] == ["x"] and "line" not in found


def test_a_sampler_that_tries_for_ever_ends_and_the_cells_after_it_run(run: Run) -> None:
    endless, mended = (run.cells[list(CELLS).index(name)] for name in ("endless", "mended"))
    assert endless.status is CellStatus.ERROR and endless.seconds < 10
    assert endless.trouble is not None and endless.trouble.kind == "TimeoutError"
    assert mended.outputs[0]["text"] == "a word a word True\n"


def test_modules_that_a_notebook_writes_are_its_own_whatever_ours_are_called(run: Run) -> None:
    assert text(run, "files") == "{'student,'}\n"


def test_a_number_sent_to_a_notebook_has_no_axis():
    sent = send(np.float32(0.5))
    assert sent.shape == () and array(sent) == np.float32(0.5)


def test_a_slow_loop_of_a_cell_ends_after_its_first_step_and_begins_no_second(run: Run) -> None:
    assert text(run, "after") == "1 1\n"


@pytest.mark.parametrize(("until", "losses"), [(0.0, 100), (0.1, 12), (0.5, 8)])
def test_a_watched_training_ends_where_its_loss_says_enough(
    session: KeptSession, run: Run, until: float, losses: int
) -> None:
    watch = Watch("h", "train", "w", steps=200, losses_only=True, until=until)
    watched = session.ask(Question(f"until {until}", (Make("h", "Halving"), watch))).values["w"]
    assert isinstance(watched, Watched) and len(watched.tape) == losses, "eight at least"
