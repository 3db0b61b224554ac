"""How the trainings of a notebook are shortened, stopped and run as graphs, with real kernels."""

from typing import Any

import numpy as np
import pytest

from grader.model import Cell, CellStatus, Limits, Run, TrainBudget, TrainPolicy
from grader.sandbox.guest.wire import Array, Inventory, Listing, Question, Read, Survey
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import KeptSession

pytestmark = pytest.mark.usefixtures("kernel")

IMPORTS = "import random\nimport time\nimport numpy as np\nimport tensorflow as tf\n"
NET = """
class Options:
    def __init__(self):
        self.scale = 1.0

class Net:
    def __init__(self):
        self.training_epochs = 6
        self.batch_size = 4
        self.steps = 0
        tf.random.set_seed(3)
        self.E = tf.Variable(tf.random.normal([9, 3]))
        self.W = tf.Variable(tf.random.normal([3, 2]))
        self.trainable_variables = [self.E, self.W]
        self.history = []
        self.last = None
        self.options = Options()

    def get_minibatch(self, examples, start):
        return examples[start:start + self.batch_size]

    def model(self, x, rate=0.0):
        e = tf.reduce_sum(tf.nn.embedding_lookup(self.E, x), 1)
        {body}
        return tf.nn.dropout(e, rate) @ self.W

    def train(self, training_data):
        for epoch in range(self.training_epochs):
            for i in range(len(training_set) // self.batch_size):
                batch = self.get_minibatch(training_set, i * self.batch_size)
                self.options.scale = 1.0 + self.steps % 2
                x = np.array([e['index_sequence'] for e in batch])
                with tf.GradientTape() as tape:
                    logits = self.model(x)
                    cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=[e['label'] for e in batch], logits=logits))
                gradients = [tf.clip_by_norm(g, 1.0) for g in tape.gradient(cost, self.trainable_variables)]
                tf.optimizers.SGD(0.5).apply_gradients(zip(gradients, self.trainable_variables))
                self.steps += 1
                {extra}
        return self.steps, self.W.numpy()

random.seed(5)
training_set = [{{'label': i % 2, 'index_sequence': [random.randrange(9) for _ in range(5)], 3: 1}} for i in range(16)]
net = Net()
result = net.train(training_set)
"""


def net(body: str = "pass", extra: str = "pass") -> str:
    return NET.format(body=body, extra=extra)


BODIES = {
    "plain": "pass",
    "keeps_states": "self.states = [e]\n        self.states.append(e * 2)",
    "reads_an_object": "e = e * self.options.scale",
    "changes_an_object": "o = self.options; o.sum = getattr(o, 'sum', 0.0) + e[0, 0]; e = e + o.sum",
    "prints": "print('called')",
    "counts": "self.history.append(1)",
    "remembers": "e = e + (0.0 if self.last is None else self.last)\n        self.last = tf.reduce_mean(e)",
    "numpy_dice": "e = e + np.random.normal(size=3).astype(np.float32)",
    "reads_numbers": "e = e * float(tf.reduce_max(e).numpy() > 0)",
}


def cells(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell(i, "code", source) for i, source in enumerate(sources))


def opened(budget: TrainBudget) -> KeptSession:
    setting = Setting(slot=4, data={}, limits=Limits(submission=120), budget=budget, seed=1, isolation=best_isolation())
    return KeptSession(setting)


def weights(accelerate: bool) -> tuple[dict[str, bytes], Run]:
    """The trained W of each kind of model, one notebook for all."""
    sources = [
        f"{net(body)}\n{name} = result[1]; states = getattr(net, 'states', None)" for name, body in BODIES.items()
    ]
    with_session = opened(TrainBudget(TrainPolicy.FULL, accelerate=accelerate))
    try:
        run = with_session.run(cells(IMPORTS, *sources))
        seen = with_session.ask(Question("w", tuple(Read(name, name) for name in BODIES)))
    finally:
        with_session.close()
    return {name: value.data for name, value in seen.values.items() if isinstance(value, Array)}, run


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, bytes], dict[str, bytes], Run]:
    eager, _ = weights(accelerate=False)
    graph, run = weights(accelerate=True)
    return eager, graph, run


@pytest.mark.parametrize("name", BODIES)
def test_a_model_trains_to_the_same_weights_as_a_graph_and_as_written(
    name: str, both: tuple[dict[str, bytes], dict[str, bytes], Run]
) -> None:
    eager, graph, _ = both
    assert np.allclose(np.frombuffer(eager[name], "f4"), np.frombuffer(graph[name], "f4"), atol=1e-4)


def test_only_a_model_that_does_nothing_else_becomes_a_graph(
    both: tuple[dict[str, bytes], dict[str, bytes], Run],
) -> None:
    said = both[2].changes
    assert sum("TensorFlow graph" in change for change in said) == 1  # told once for all cells
    outputs = {cell.index: "".join(str(o.get("text", "")) for o in cell.outputs) for cell in both[2].cells}
    assert outputs[1 + list(BODIES).index("prints")].count("called") == 24  # each step prints


@pytest.fixture(scope="module")
def with_effects() -> tuple[Run, dict[str, Any]]:
    """Models with effects of their own, each in a cell of one notebook: how often it was called, and its steps."""
    kept = "{0} = [len(net.history), result[0]]"
    session = opened(TrainBudget(TrainPolicy.FULL))
    try:
        run = session.run(cells(IMPORTS, *(f"{net(BODIES[name])}\n{kept.format(name)}" for name in EFFECTS)))
        seen = session.ask(Question("h", tuple(Read(name, name) for name in EFFECTS)))
    finally:
        session.close()
    return run, seen.values


EFFECTS = ("changes_an_object", "prints", "counts", "remembers", "numpy_dice", "reads_numbers")


@pytest.mark.parametrize("name", EFFECTS)
def test_a_model_with_effects_of_its_own_stays_as_it_was_written(
    name: str, with_effects: tuple[Run, dict[str, Any]]
) -> None:
    run, values = with_effects
    assert run.cells[1 + EFFECTS.index(name)].status is CellStatus.OK
    assert not any("TensorFlow graph" in change for change in run.changes)
    assert values[name] == Listing((24 if name == "counts" else 0, 24))


TOP = """
from itertools import count
for step in count():
    with tf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    time.sleep(0.1)
"""


def hurried(*sources: str, seconds: float = 3.0) -> tuple[Run, KeptSession]:
    session = opened(TrainBudget(TrainPolicy.BUDGET, epochs=6, seconds=seconds))
    return session.run(cells(IMPORTS, *sources)), session


def test_a_training_too_slow_for_its_seconds_is_begun_anew_with_fewer_epochs() -> None:
    run, session = hurried(net(extra="time.sleep(0.25)"))
    try:
        survey = session.ask(Question("s", (Survey("all"),))).values["all"]
        steps = session.ask(Question("f", (Read("result[0]", "steps"),))).values["steps"]
    finally:
        session.close()
    assert isinstance(survey, Inventory)
    assert survey.trainings[0].cut and survey.trainings[0].epochs in (1, 2, 3, 4)
    assert run.cells[1].status is CellStatus.OK and isinstance(steps, int) and steps >= 8


def test_what_outlives_its_seconds_is_stopped_without_fault_and_the_notebook_goes_on() -> None:
    method = net(extra="time.sleep(0.01 if self.steps < 9 else 4)")
    run, session = hurried("v = tf.Variable(3.0)", TOP, method, "after = 1")
    try:
        after = session.ask(Question("a", (Read("after", "after"),))).values.get("after")
    finally:
        session.close()
    assert [cell.status for cell in run.cells] == [CellStatus.OK] * 5
    # Two of its steps of 4 s use up its own seconds, two more give what it returns.
    assert run.cells[2].seconds < 10 and run.cells[3].seconds < 25
    assert "stopped before its end" in " ".join(run.changes)
    assert after == 1


def test_what_stands_below_a_loop_that_was_stopped_is_run_with_its_own_seconds_and_faults() -> None:
    cell = f"{TOP}\nafter = 1\n!true\n{TOP}\nlast = 2\nmissing"
    run, session = hurried("v = tf.Variable(3.0)", cell, seconds=1.0)
    try:
        seen = session.ask(Question("a", (Read("after", "after"), Read("last", "last")))).values
    finally:
        session.close()
    assert (seen.get("after"), seen.get("last")) == (1, 2)
    assert run.cells[2].status is CellStatus.OK and run.cells[2].seconds < 8


def test_below_an_import_of_what_is_not_installed_the_cell_goes_on_and_tells_of_it() -> None:
    run, session = hurried("import no_such_package\nfrom os import no_such_name\nimport bz2\nafter = bz2.__name__")
    try:
        seen = session.ask(Question("a", (Read("after", "after"),))).values
    finally:
        session.close()
    assert seen.get("after") == "bz2"
    assert run.cells[1].status is CellStatus.ERROR and run.cells[1].trouble is not None
    assert run.cells[1].trouble.kind == "ImportError" and run.cells[1].trouble.line == 2  # the other is excused


def of(run_and_session: tuple[Run, KeptSession], *paths: str) -> tuple[Run, Inventory, list[object]]:
    run, session = run_and_session
    try:
        survey = session.ask(Question("s", (Survey("all"),))).values["all"]
        values = session.ask(Question("v", tuple(Read(path, path) for path in paths))).values
    finally:
        session.close()
    assert isinstance(survey, Inventory)
    return run, survey, [values.get(path) for path in paths]


IN_PARTS = """
class Parts(Net):
    def train_step(self, batch):
        with tf.GradientTape() as tape:
            cost = tf.reduce_mean(self.model(np.array([e['index_sequence'] for e in batch])) ** 2)
        g = tape.gradient(cost, self.trainable_variables)
        for v, d in zip(self.trainable_variables, g):
            v.assign_sub(0.1 * tf.convert_to_tensor(d))
        return cost

parts = Parts()
for epoch in range(10 ** 6):
    for i in range(4):
        parts.train_step(training_set[4 * i:4 * i + 4])
"""


def test_steps_called_in_a_loop_of_the_cell_are_one_training_and_end_with_their_seconds() -> None:
    run, survey, (after,) = of(hurried(net(), IN_PARTS, "after = 1"), "after")
    assert [cell.status for cell in run.cells] == [CellStatus.OK] * 4 and after == 1
    assert run.cells[2].seconds < 15
    seen = [t for t in survey.trainings if t.cls == "Parts"]
    assert len(seen) < 5 and max(t.steps for t in seen) > 100  # proven once, not at each step
    assert all(t.epochs == pytest.approx(t.steps / 4) for t in seen)


COMPILED = net().replace("        for epoch", """
        @tf.function
        def step(x):
            with tf.GradientTape() as tape:
                cost = tf.reduce_mean(self.model(x) ** 2)
            self.W.assign_sub(0.1 * tape.gradient(cost, self.W))
            return cost
        for epoch""", 1).replace("                with tf.G", """                last = step(tf.constant(x))
                self.steps += 1
                continue
                with tf.G""", 1)  # fmt: skip


def test_the_steps_of_a_compiled_function_are_counted() -> None:
    run, survey, (steps,) = of(hurried(COMPILED, seconds=60), "net.steps")
    assert run.cells[1].status is CellStatus.OK and steps == 24
    assert survey.trainings[0].steps == 24 and survey.trainings[0].epochs == 6
    assert isinstance(survey.trainings[0].last_loss, float)


def test_epochs_by_default_or_under_a_short_name_are_shortened_too() -> None:
    by_default = (
        net().replace("training_data):", "training_data, epocas=30):").replace("self.training_epochs)", "epocas)")
    )
    short = net().replace("training_epochs", "num_ep").replace("num_ep = 6", "num_ep = 30")
    table = (
        net()
        .replace("self.training_epochs = 6", "self.settings = {'n_epochs': 30}")
        .replace("self.training_epochs", "self.settings['n_epochs']")
    )
    _, survey, _ = of(hurried(by_default, short, table, seconds=60))
    assert [t.epochs for t in survey.trainings] == [6, 6, 6] and all(t.cut for t in survey.trainings)


def test_a_training_within_its_epochs_is_not_said_to_be_cut() -> None:
    rarely = net().replace("self.steps = 0", "self.steps = 0; self.display_epoch_freq = 5")
    run, survey, (shown,) = of(hurried(rarely, seconds=60), "net.display_epoch_freq")
    assert not survey.trainings[0].cut and shown == 5
    assert not any("cut short" in change for change in run.changes)


def test_slow_evaluations_after_each_epoch_shorten_a_training_that_is_begun_as_if_for_the_first_time() -> None:
    evaluated = "self.history.append(1); time.sleep(1.5 if i == 3 else 0)"
    longer = net(extra=evaluated).replace("training_epochs = 6", "training_epochs = 50")
    long_set = longer.replace("range(16)]", "range(48)]").replace("i == 3", "i == 11")
    run, survey, (steps,) = of(hurried(long_set), "len(net.history)")
    assert survey.trainings[0].cut and run.cells[1].status is CellStatus.OK and run.cells[1].seconds < 9
    assert steps == survey.trainings[0].steps  # nothing of the first attempt is left
    assert "stopped before its end" not in " ".join(run.changes)


def test_which_epoch_it_is_stays_what_the_notebook_says() -> None:
    told = "net.seen = []\nfor ep in range(9):\n    net.train(ep)"
    counting = net(extra="self.seen.append(training_data)").replace("net.train(training_set)", "None")
    counting = counting.replace("training_data", "epoch").replace(
        "for epoch in range(self.training_epochs)", "for _ in [1]"
    )
    _, _, (seen,) = of(hurried(counting, told, seconds=60), "max(net.seen)")
    assert seen == 8


def test_a_model_may_be_compiled_or_copied_while_it_trains() -> None:
    body = net(extra="self.twin = copy.deepcopy(self)").replace(
        "        for epoch", "        f = tf.function(self.model)\n        for epoch", 1
    )
    compiled = body.replace("logits = self.model(x)", "logits = f(x) + 0 * self.model(x)").replace(
        "class Net", "import copy\nclass Net"
    )
    run, _, (same,) = of(
        hurried(compiled, seconds=60),
        "float(tf.reduce_max(abs(net.model(np.ones([4, 5], int)) - net.twin.model(np.ones([4, 5], int)))))",
    )
    assert run.cells[1].status is CellStatus.OK and any("TensorFlow graph" in change for change in run.changes)
    assert same == 0.0


FITTED = """
class Own(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.layer = tf.keras.layers.Dense(1)
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.layer(x) - y))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
        return {"loss": loss}
own = Own()
own.layer.build((None, 2))
own.compile(optimizer=tf.keras.optimizers.Adam())
losses = own.fit(tf.ones([8, 2]), tf.ones([8, 1]), epochs=2, verbose=0).history["loss"]
"""


def test_a_train_step_of_which_keras_makes_a_graph_trains() -> None:
    run, session = hurried(FITTED)
    session.close()
    assert run.cells[1].status is CellStatus.OK, run.cells[1].trouble
