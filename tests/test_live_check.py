"""`grader.check` in a notebook that runs: what it says, and that nothing of the notebook is another afterwards."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.batch.model_answers import model_answers
from grader.batch.preparing import batch_for
from grader.course.folder import load_course
from grader.model import TrainPolicy
from grader.sealed.file import written
from grader.sealed.sealing import SEED, one_sealed
from grader.sealed.wheel import student_wheel

ROOT = Path(__file__).parent.parent
VISION = ROOT / "tests" / "courses" / "vision"
# One kernel's worth of a student's work: globals, objects, figures, streams of random numbers, a file.
WORK = """
import os, random, sys
import numpy as np, tensorflow as tf
import matplotlib; matplotlib.use("agg")
import matplotlib.pyplot as plt
X_train, y_train = np.random.rand(40, 64).astype(np.float32), np.arange(40) % 10
X_dev, y_dev, X_test, y_test = X_train, y_train, X_train, y_train
history, best, shared = [], {"acc": 0.0}, tf.Variable(tf.ones([3]))
class Netz:
    runs = 0
    def __init__(self, units=32, rate=0.3, l2=0.001):
        self.A = tf.Variable(tf.random.normal([64, units], stddev=0.1)); self.a = tf.Variable(tf.zeros([units]))
        self.B = tf.Variable(tf.random.normal([units, 10], stddev=0.1)); self.b = tf.Variable(tf.zeros([10]))
        self.rate, self.l2, self.epochs, self.batch_size = rate, l2, 5, 20
        Netz.runs += 1
    def model(self, x, rate=0.0):
        h = tf.nn.relu(x @ self.A + self.a)
        return tf.nn.dropout(h, rate) @ self.B + self.b
    def train(self, X, y):
        opt = tf.keras.optimizers.SGD(0.1)
        for epoch in range(self.epochs):
            for i in range(0, len(X), self.batch_size):
                xb, yb = X[i:i + self.batch_size], y[i:i + self.batch_size]
                with tf.GradientTape() as t:
                    cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(yb, self.model(xb, self.rate)))
                    cost += self.l2 * (tf.reduce_sum(self.A ** 2) + tf.reduce_sum(self.B ** 2)) EXTRA
                v = [self.A, self.a, self.B, self.b]
                opt.apply_gradients(zip(t.gradient(cost, v), v))
            history.append(float(cost)); best["acc"] = random.random(); shared.assign_add(tf.ones([3]))
            print("epoch", epoch); plt.plot(history)
            open("log.txt", "a").write("x")
    def classify(self, X):
        return tf.argmax(self.model(X), 1)
net = Netz()
net.epochs = 1
net.train(X_train, y_train)
net.epochs = 5
figure = plt.figure(7)
"""
# Everything a student could look at, as text.
SEEN = """
def everything():
    import hashlib
    ours = ("everything", "before", "after", "result")
    names = {k: v for k, v in globals().items() if k[:1] != "_" and k not in ours}
    def of(v):
        if isinstance(v, (np.ndarray, tf.Variable, tf.Tensor)): return hashlib.md5(np.asarray(v).tobytes()).hexdigest()
        if isinstance(v, (list, dict, int, float, str, tuple)): return repr(v)
        if isinstance(v, Netz): return {k: of(x) for k, x in vars(v).items()}
        if isinstance(v, type): return {k: id(x) for k, x in vars(v).items() if k != "__dict__"}
        return id(v)
    return {
        "names": {k: of(v) for k, v in names.items()}, "figures": plt.get_fignums(), "current": plt.gcf().number,
        "files": sorted(os.listdir()), "log": open("log.txt").read(), "environ": dict(os.environ), "cwd": os.getcwd(),
        "python": random.random(), "numpy": np.random.rand(), "tensorflow": tf.random.normal([2]).numpy().tolist(),
        "dense": tf.keras.layers.Dense(1).name, "eagerly": tf.config.functions_run_eagerly(),
        "tape": [id(getattr(tf.GradientTape, n)) for n in ("gradient", "__enter__", "__exit__")],
        "modules": "grader_guest" in sys.modules, "builtins": [id(open), id(input)],
        "streams": [id(sys.stdout), id(sys.stderr)], "stack": len(tf.keras.backend.__dict__) > 0,
    }
def streams():
    random.seed(5); np.random.seed(5); tf.random.set_seed(5)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, kernel: None) -> Path:
    """A folder with what is in the wheel, and nothing else of ours."""
    place = tmp_path_factory.mktemp("installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(VISION))
        load_course.cache_clear()
        batch = batch_for(None, TrainPolicy.NONE, SEED)
        with model_answers(batch) as models:
            labs = {lab: one_sealed(batch.rubrics[lab], batch, models.of(lab)) for lab in ("digits_mlp",)}
        wheel = student_wheel(labs, "Vision", place)
        (place / "other.checks").write_bytes(written({}))
    load_course.cache_clear()
    options = ("--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", "--target", str(place / "site"))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    return place


@pytest.fixture
def python(installed: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What a program prints last, as JSON, where the wheel is installed and the project is not."""

    def run(*parts: str, **environment: str) -> dict[str, Any]:
        program = "\n".join(map(textwrap.dedent, parts))
        place = {
            "PYTHONPATH": str(installed / "site"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PATH": "/usr/bin:/bin",
            **environment,
        }
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=place, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run


def test_a_right_notebook_passes_and_nothing_of_it_is_another_afterwards(python: Callable[..., dict[str, Any]]) -> None:
    found = python(
        WORK.replace("EXTRA", ""), SEEN,
        """
        import json, grader
        streams(); before = everything()
        streams(); result = grader.check("lab2"); after = everything()
        print(json.dumps({"text": repr(result), "html": result._repr_html_(), "before": before, "after": after}))
        """,
    )  # fmt: skip
    assert found["text"].splitlines()[1] == "7 of 7 public checks pass; 1 more runs when it is graded."
    assert (found["before"].pop("dense"), found["after"].pop("dense")) == ("dense", "dense_1")
    for what, value in found["before"].items():
        assert found["after"][what] == value, what
    assert "<script" not in found["html"] and "7 of 7 public checks pass; 1 more runs" in found["html"]


def test_a_mistake_is_named_first_with_its_hint_in_the_language_that_is_asked_for(
    python: Callable[..., dict[str, Any]],
) -> None:
    found = python(
        WORK.replace("EXTRA", "+ self.l2 * (tf.reduce_sum(self.a ** 2) + tf.reduce_sum(self.b ** 2))"),
        """
        import json, grader
        print(json.dumps({lang: repr(grader.check("digits_mlp", lang)) for lang in ("en", "es", "eu")}))
        """,
    )
    assert (
        "First to fix: Biases are in the penalty" in found["en"] and "Hint: What does your sum run over?" in found["en"]
    )
    assert "6 of 7 public checks pass" in found["en"]
    assert "Pasan 6 de 7 comprobaciones públicas" in found["es"] and "Pista: " in found["es"]
    assert "7 egiaztapen publikotatik 6 gainditu dira" in found["eu"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("while True: pass", "A question to your class took more than 2 seconds"),
        ("input('Go on?')", "`input()` would wait for somebody to type"),
    ],
)
def test_a_loop_without_end_and_a_question_to_nobody_are_told(
    python: Callable[..., dict[str, Any]], line: str, told: str
) -> None:
    found = python(
        "asked = False",
        WORK.replace("EXTRA", "").replace("opt = tf.keras", f"exec({line!r} if asked else '')\n        opt = tf.keras"),
        """
        import json, grader, grader.live.check
        grader.live.check.SECONDS = 2.0
        asked = True
        print(json.dumps({"text": repr(grader.check("lab2"))}))
        """,
    )  # fmt: skip
    assert told in found["text"] and "0 of 7 public checks pass" in found["text"]


def test_what_is_missing_is_told_in_a_sentence(python: Callable[..., dict[str, Any]], installed: Path) -> None:
    found = python(
        """
        import json, sys, grader
        texts = {"lab": repr(grader.check("lab9")), "class": repr(grader.check("lab2"))}
        print(json.dumps(texts))
        """,
    )
    assert found["lab"] == "Not checked: There is no self-check for 'lab9'; there is one for 'lab2'."
    assert "No class with a training method" in found["class"]
    elsewhere = python(
        "import json, grader; print(json.dumps({'lab': repr(grader.check('lab2'))}))",
        GRADER_SEALED=str(installed / "site" / "grader" / "__init__.py"),
    )
    assert "is no file of sealed checks" in elsewhere["lab"]
