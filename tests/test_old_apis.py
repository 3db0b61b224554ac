"""What notebooks of 2020 to 2022 call and libraries have since removed: it means here what it meant, and is told."""

from pathlib import Path

import pytest

from grader.model import Cell, CellRun, CellStatus, Limits, Run, TrainBudget
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import open_session

CELLS = {
    "start": "import numpy as np, tensorflow as tf, random\nv, w = tf.Variable(0.), tf.Variable(0.)",
    "rates": (
        "rates = [1, np.float32(1), np.int64(1), tf.constant(1.), tf.Variable(1.)]\n"
        "print([float(tf.keras.optimizers.SGD(learning_rate=rate).learning_rate) for rate in rates])\n"
        "print(float(tf.optimizers.SGD(lr=0.5).lr), float(tf.keras.optimizers.legacy.Adam(0.25).learning_rate))"
    ),
    "decay": (
        "o = tf.keras.optimizers.SGD(0.1, decay=1.0)\n"
        "for _ in range(3): o.apply_gradients([(tf.constant(-6.), v)])\nprint(round(float(v), 4))"
    ),
    "none": (
        "v.assign(0.)\nimport warnings\nwith warnings.catch_warnings(record=True) as told:\n"
        "    tf.optimizers.SGD(1).apply_gradients(zip([tf.constant(-1.), None], [v, w]), name='step')\n"
        "print(float(v), float(w), any('Gradients do not exist' in str(t.message) for t in told))"
    ),
    "new variables": (
        "a, b = tf.Variable(0.), tf.Variable(0.)\no = tf.keras.optimizers.SGD(1.0, momentum=0.5)\n"
        "o.apply_gradients([(tf.constant(-1.), a)])\no.apply_gradients([(tf.constant(-1.), b)])\n"
        "o.apply_gradients([(tf.constant(-1.), a)])\nprint(float(a), float(b))"
    ),
    "minimize": "a.assign(1.)\ntf.optimizers.SGD(0.25).minimize(lambda: a * a, var_list=[a])\nprint(float(a))",
    "in a graph": (
        "o = tf.keras.optimizers.SGD(1)\n@tf.function\ndef step():\n  with tf.GradientTape() as t: loss = w * 2.\n"
        "  o.apply_gradients([(t.gradient(loss, w), w)])\n  tf.print('said by tf.print')\n"
        "step(); step()\nprint(float(w))"
    ),
    "numpy names": (
        "print(np.zeros(2, np.int).dtype, np.float, np.bool(1), np.NaN, np.Inf)\n"
        "print(np.product([2, 3]), np.in1d([1], [1]))"
    ),
    "numpy ragged": "print(np.array([[1], [2, 3]]).dtype, np.array([[1, 2]]).dtype)",
    "numpy asked": "try: np.nothing\nexcept AttributeError as e: print(e)",
    "tensors": "print(int(tf.argmax([[0., 1.]], 1)), '%.1f' % tf.constant([1.5]))\nw.assign(np.float64(2))",
    "gpu": (
        "tf.config.experimental_run_functions_eagerly(False)\n"
        "print(tf.test.is_gpu_available(), repr(tf.test.gpu_device_name()))"
    ),
    "python": "from collections import Iterable\nimport time\ntime.clock()\nprint(len(random.sample({1, 2, 3}, 2)))",
    "keras": (
        "from tensorflow.keras.layers.experimental import preprocessing\nm = tf.keras.metrics.Mean()\nm(1.)\n"
        "m.reset_states()\npenalty = tf.keras.regularizers.l2(l=0.1)\n"
        "model = tf.keras.Sequential([tf.keras.layers.Dense(2, kernel_regularizer=penalty)])\n"
        "model.build((None, 3))\nmodel.save_weights('/tmp/w')\nmodel.load_weights('/tmp/w')"
    ),
    "plots": (
        "import matplotlib.pyplot as plt\nplt.style.use('seaborn-whitegrid')\nplt.figure().gca(projection='3d')\n"
        "plt.figure()\nplt.grid(b=True)\nplt.cm.get_cmap('viridis')\nplt.annotate(s='x', xy=(0, 0))\nplt.show()"
    ),
    "pandas": (
        "import pandas as pd\npd.set_option('max_colwidth', -1)\nd = pd.DataFrame({'a': [1]})\n"
        "print(d.append({'a': 2}, ignore_index=True).a.tolist(), [n for n, _ in d.iteritems()], d.drop('a', 1).shape)"
    ),
    "sklearn": "from sklearn.manifold import TSNE\nprint(TSNE(n_iter=300).get_params()['max_iter'])",
    "display": "from IPython.core.display import display, HTML\ndisplay(HTML('<b>x</b>'))",
    "tqdm": "from tqdm.notebook import tqdm\nprint(list(tqdm([1, 2])))",
    "huge": "HTML('x' * (80 << 20))",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(kernel: None) -> Run:
    limits = Limits(cell=40)
    with open_session(
        Setting(slot=6, data={}, limits=limits, budget=TrainBudget(), seed=1, isolation=best_isolation())
    ) as session:
        return session.run(tuple(Cell(i, "code", source) for i, source in enumerate(CELLS.values())))


def cell(run: Run, name: str) -> CellRun:
    return run.cells[list(CELLS).index(name)]


def text(run: Run, name: str) -> str:
    return "".join(output["text"] for output in cell(run, name).outputs if output.get("name") == "stdout")


def told(run: Run, *words: str) -> bool:
    return any(all(word in change for word in words) for change in run.changes)


def test_every_old_form_runs(run: Run):
    assert {name: cell(run, name).trouble for name in CELLS if cell(run, name).status is not CellStatus.OK} == {}


def test_a_learning_rate_of_any_kind_is_the_number_it_was(run: Run):
    assert text(run, "rates") == "[1.0, 1.0, 1.0, 1.0, 1.0]\n0.5 0.25\n"
    assert told(run, "lr=", "learning_rate=")
    assert told(run, "type int")


def test_decay_divides_the_rate_by_one_plus_decay_times_steps(run: Run):
    assert text(run, "decay") == f"{0.6 + 0.3 + 0.2:.1f}\n"


def test_a_missing_gradient_is_warned_about_and_its_variable_stays(run: Run):
    assert text(run, "none") == "1.0 0.0 True\n"


def test_an_optimizer_takes_new_variables_and_keeps_the_momentum_of_the_old(run: Run):
    assert text(run, "new variables") == "2.5 1.0\n"
    assert text(run, "minimize") == "0.5\n"


def test_a_graph_with_an_optimizer_steps_as_often_as_it_is_called_and_tf_print_is_kept(run: Run):
    assert text(run, "in a graph") == "-4.0\n"
    assert "said by tf.print" in str(cell(run, "in a graph").outputs)


def test_numpys_removed_names_mean_what_they_meant_and_others_stay_missing(run: Run):
    assert text(run, "numpy names") == "int64 <class 'float'> True nan inf\n6 [ True]\n"
    assert text(run, "numpy ragged") == "object int64\n"
    assert "has no attribute 'nothing'" in text(run, "numpy asked")
    assert told(run, "numpy.int", "Python's int")


def test_a_tensor_of_one_number_is_a_number(run: Run):
    assert text(run, "tensors") == "1 1.5\n"


def test_the_absence_of_a_gpu_is_told_as_it_is(run: Run):
    if not list(Path("/dev").glob("nvidia*")):
        assert text(run, "gpu") == "False ''\n"


def test_tables_plots_and_bars_work_as_they_did(run: Run):
    assert text(run, "pandas") == "[1, 2] ['a'] (1, 0)\n"
    assert text(run, "sklearn") == "300\n"
    assert text(run, "tqdm") == "[1, 2]\n"
    assert any("image/png" in output.get("data", {}) for output in cell(run, "plots").outputs)
    assert told(run, "seaborn-whitegrid", "seaborn-v0_8-whitegrid")


def test_an_output_beyond_any_measure_is_left_out_and_costs_nothing_else(run: Run):
    assert "An output of 80 MB was left out" in str(cell(run, "huge").outputs)


def test_each_old_form_is_told_once_in_a_sentence(run: Run):
    assert len(set(run.changes)) == len(run.changes)
    assert all(change.endswith(".") for change in run.changes)
