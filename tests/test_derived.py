"""Lab1: what tells a formula from a table of ready numbers, and a wrapped tensor from a stopped gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from grader.judging.checks import CHECKS
from grader.judging.instruments.libraries import library_named
from grader.judging.kinds.density.evidence import Answering, Evidence
from grader.judging.kinds.density.gradient import without_gradient
from grader.judging.kinds.density.interview import looked_up, remarks_on
from grader.model import Cell, Observation, Status, Verdict
from grader.sandbox.guest.answers.derived import led, tables

X = tf.constant([-1.3131731, 0.2718281, 2.2360679], tf.float32)
START = "import numpy as np, tensorflow as tf\nroot = np.sqrt(2 * np.pi)\n"
TABLE = "T = tf.exp(-tf.range(-7., 7., 1e-3)**2 / 2) / root\n"
PLACE = "tf.cast(tf.round(x * 1000) + 7000, tf.int32)"
FORMULA = "tf.exp(-x**2 / 2) / tf.cast(root, x.dtype)"

WRAPPED = {
    "a constant of an array": f"def f(x):\n    x = tf.constant(np.float32(x))\n    return {FORMULA}",
    "a variable": f"def f(x):\n    x = tf.Variable(tf.cast(x, tf.float32))\n    return {FORMULA}",
    "each step in a variable": (
        "def f(x):\n    square = tf.Variable(tf.square(tf.cast(x, tf.float32)))\n"
        "    y = tf.Variable(tf.exp(-square / 2))\n    return y / np.float32(root)"
    ),
    "a tensor of a list": f"def f(x):\n    x = tf.constant(x.numpy().tolist(), tf.float64)\n    return {FORMULA}",
    "one after the other": (
        f"def g(v):\n    x = tf.constant(float(v))\n    return {FORMULA}\n"
        "def f(x):\n    return tf.stack([g(v) for v in x])"
    ),
    "only float64": (
        "def f(x):\n    x = tf.Variable(x, dtype=tf.float64)\n"
        "    return 1 / tf.sqrt(tf.constant(2 * np.pi, tf.float64)) * tf.exp(-x**2 / 2)"
    ),
    "a compiled one": f"@tf.function\ndef f(x):\n    x = tf.constant(np.float32(x))\n    return {FORMULA}",
    "a stopped mean": (
        "def f(x):\n    mu = tf.stop_gradient(tf.Variable(0.0))\n    x = tf.constant(np.float32(x)) - mu\n"
        f"    return {FORMULA}"
    ),
}
STOPPED = {
    "stop_gradient": f"def f(x):\n    x = tf.stop_gradient(tf.cast(x, tf.float64))\n    return {FORMULA}",
    "stopped at the end": f"def f(x):\n    return tf.stop_gradient({FORMULA})",
    "a table by rounded index": f"{TABLE}def f(x):\n    return tf.gather(T, {PLACE})",
    "a derivative of nothing": (f"@tf.custom_gradient\ndef f(x):\n    return {FORMULA}, lambda up: None"),
    "a table of wrapped numbers": f"{TABLE}def f(x):\n    x = tf.constant(x.numpy())\n    return tf.gather(T, {PLACE})",
}


def defined(source: str) -> Callable[[Any], Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(START + source, space)  # noqa: S102 - text of our own
    function: Callable[[Any], Any] = space["f"]
    return function


@pytest.fixture(autouse=True)
def eagerly() -> Any:
    """As questions are asked."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("source", WRAPPED.values(), ids=WRAPPED)
def test_numbers_of_x_that_were_wrapped_anew_lead_to_the_answer(source: str) -> None:
    assert led(defined(source), X) is True


@pytest.mark.parametrize("source", STOPPED.values(), ids=STOPPED)
def test_a_stopped_gradient_and_a_table_are_no_way_from_x_to_the_answer(source: str) -> None:
    assert led(defined(source), X) is False


def test_where_no_tensor_is_taken_numpy_at_the_beginning_decides_nothing() -> None:
    assert led(defined("def f(x):\n    assert type(x) is np.ndarray\n    return tf.exp(-x**2 / 2) / root"), X) is None


TABLES = {
    "interpolated": "G = np.arange(-7, 7, 1e-3)\nT = np.exp(-G**2 / 2) / root\ndef f(x): return np.interp(x, G, T)",
    "in a dictionary": (
        "T = {n: float(np.exp(-n**2 / 2e6) / root) for n in range(-7000, 7000)}\n"
        "def look(v): return T[round(float(v) * 1000)]\nf = np.vectorize(look)"
    ),
    "enclosed": (
        "def make():\n    t = [float(np.exp(-n**2 / 2e6) / root) for n in range(-7000, 7000)]\n"
        "    return lambda x: np.array([t[int(round(float(v) * 1000)) + 7000] for v in x])\nf = make()"
    ),
}
FREE = {
    "a grid of the same name": "x = np.linspace(-5, 5, 500)\ndef f(x): return np.exp(-x**2 / 2) / root",
    "a default": "grid = np.linspace(-5, 5, 500)\ndef f(x=grid): return np.exp(-x**2 / 2) / root",
    "a plot on the way": (
        "seen = list(range(500))\ndef note(y): seen[0] = len(seen)\n"
        "def f(x):\n    y = np.exp(-x**2 / 2) / root\n    note(y)\n    return y"
    ),
    "a constant in an array": "PI = np.full(3, np.pi)\ndef f(x): return np.exp(-x**2 / 2) / np.sqrt(2 * PI[0])",
}


@pytest.mark.parametrize("source", TABLES.values(), ids=TABLES)
def test_a_table_that_decides_the_answer_is_seen_and_left_as_it_was(source: str) -> None:
    function = defined(source)
    before = function(X.numpy())
    assert tables(function, X.numpy())
    assert np.array_equal(function(X.numpy()), before)


@pytest.mark.parametrize("source", FREE.values(), ids=FREE)
def test_numbers_that_a_notebook_only_keeps_are_no_table(source: str) -> None:
    assert tables(defined(source), X.numpy()) == []


def test_a_library_is_named_in_whichever_way_it_is_imported() -> None:
    for text in (
        "from scipy.stats import norm", "from scipy import stats as st", "import scipy.stats as s",
        "import scipy\nprint(scipy.stats.norm.pdf(0))", "n = tf.compat.v1.distributions.Normal(0., 1.)",
        "import statistics\nstatistics.NormalDist()", "from statistics import NormalDist",
    ):  # fmt: skip
        assert library_named([Cell(0, "code", text)]), text
    for text in ("import scipy", "from scipy import special", "import statistics as st\nst.mean([1])", "norm = 3"):
        assert library_named([Cell(0, "code", text)]) is None, text


def evidence(*, is_led: bool | None = True, library: str | None = None, read: tuple[str, ...] = ()) -> Evidence:
    numpy, tensorflow = (Answering(name, True, (), 3, False, tables=read) for name in ("np_fn", "tf_fn"))
    gradient = Observation("gradient", Status.ANSWERED, {"dx": None})
    return Evidence(numpy, tensorflow, gradient, {}, False, is_led, library, False, {"np_fn": True, "tf_fn": True})


def test_a_missing_gradient_is_right_only_where_x_wrapped_anew_leads_to_the_answer() -> None:
    verdicts = {is_led: without_gradient(evidence(is_led=is_led)).verdict for is_led in (True, False, None)}
    assert verdicts == {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.UNSURE}
    assert without_gradient(evidence(is_led=False)).mistake == "gradient-stopped"


def test_a_table_is_a_ready_made_density_where_a_library_is_at_hand_and_else_open() -> None:
    named = looked_up(evidence(read=("T",)).numpy, "scipy.stats")
    assert (named.verdict, named.mistake, "`T`" in named.seen) == (Verdict.FAIL, "ready-made-density", True)
    assert looked_up(evidence(read=("T",)).numpy, None).verdict is Verdict.UNSURE


def test_a_library_to_compare_with_earns_a_remark_and_costs_nothing() -> None:
    silent, compared = (remarks_on(evidence(library=library)) for library in (None, "scipy.stats"))
    assert [remark.id for remark in silent] == [] and [remark.id for remark in compared] == ["library-density"]
    assert "tf-gradient" in CHECKS["lab1_warmup"]
