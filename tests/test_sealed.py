"""Sealed checks: they say what a grading would say, hold no answer, and leave a notebook that runs as it is."""

import hashlib
import json
import lzma
import platform
import re
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from grader.batch.keys import ENVIRONMENT, of_data
from grader.batch.model_answers import model_answers
from grader.batch.preparing import batch_for
from grader.batch.shared import Batch
from grader.commands.seal import line
from grader.course.folder import load_course
from grader.course.rubric import Rubric
from grader.errors import UsageError
from grader.judging.comparing.compare import WITHIN
from grader.judging.model_answer import DECK, STARTER, ModelAnswer, mistake_of
from grader.judging.unaskable import Unaskable
from grader.live.check import insist_on_tensorflow
from grader.model import TrainPolicy, Verdict
from grader.sandbox.guest.wire import Question
from grader.sealed.file import MAGIC, Replies, Sealed, lengthened, read, shortened, written
from grader.sealed.sealing import SEED, by_the_judge, examiner_of, only_graded, public_part, sealed_by_forms
from grader.sealed.wheel import PROJECT, imported, modules, student_wheel
from reports.compiled import unpacked
from reports.self_check import Result
from tests.earlier_answers import kept_answers
from tests.kept import once

ROOT = Path(__file__).parent.parent
VISION = ROOT / "tests" / "courses" / "vision"
LABS = ("filters", "digits_mlp")
# One kernel's worth of a student's work: globals, objects, figures, streams of random numbers, a file.
WORK = """
import os, random, sys
import numpy as np, tensorflow as tf
import matplotlib; matplotlib.use("agg")
import matplotlib.pyplot as plt
X_train, y_train = np.random.rand(40, 64).astype(np.float32), np.arange(40) % 10
X_dev, y_dev, X_test, y_test = X_train, y_train, X_train, y_train
history, best, shared = [], {"acc": 0.0}, tf.Variable(tf.ones([3]))
dice, old_dice, plain_dice = np.random.default_rng(4), np.random.RandomState(4), random.Random(4)
tensor_dice, drops = tf.random.Generator.from_seed(4), tf.keras.layers.Dropout(0.5)
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
        "own": [dice.random(), old_dice.rand(), plain_dice.random(), tensor_dice.normal([2]).numpy().tolist()],
        "drops": np.asarray(drops(tf.ones([9]), training=True)).tolist(),
        "dense": tf.keras.layers.Dense(1).name, "eagerly": tf.config.functions_run_eagerly(),
        "tape": [id(getattr(tf.GradientTape, n)) for n in ("gradient", "__enter__", "__exit__")],
        "modules": "grader_guest" in sys.modules, "builtins": [id(open), id(input)],
        "streams": [id(sys.stdout), id(sys.stderr)], "stack": len(tf.keras.backend.__dict__) > 0,
    }
def streams():
    random.seed(5); np.random.seed(5); tf.random.set_seed(5)
    dice.bit_generator.state = np.random.default_rng(6).bit_generator.state
    old_dice.seed(6); plain_dice.seed(6); tensor_dice.reset_from_seed(6)
    drops.seed_generator.state.assign(np.array([6, 0]))
"""


class Course(NamedTuple):
    batch: Batch
    models: Callable[[str], ModelAnswer]
    labs: dict[str, Sealed]


@pytest.fixture(scope="module")
def course(kernel: None, answers: Path) -> Iterator[Course]:
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("GRADER_COURSE", str(VISION))
        load_course.cache_clear()
        batch = batch_for(None, TrainPolicy.NONE, SEED)
        store = kept_answers(answers / "sealed vision", stack)
        batch = replace(batch, store=store, data_key=of_data(batch.data))
        with model_answers(batch) as models:
            labs = {lab: sealed_by_forms(batch.rubrics[lab], batch, models.of(lab)) for lab in LABS}
            yield Course(batch, models.of, labs)
    load_course.cache_clear()


@pytest.fixture
def labs(course: Course) -> dict[str, Sealed]:
    return course.labs


@pytest.fixture
def vision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_COURSE", str(VISION))


@pytest.fixture(scope="module")
def wheel(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return student_wheel(course.labs, 'The "vision" course', tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder with what is in the wheel, and nothing else of ours."""
    place = wheel.parent
    options = ("--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", "--target", str(place / "site"))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    return place


@pytest.mark.parametrize("lab", LABS)
def test_a_sealed_file_calls_no_right_form_wrong_and_no_wrong_form_right(
    course: Course, vision: None, lab: str, tmp_path: Path
) -> None:
    (tmp_path / "one.checks").write_bytes(written({lab: course.labs[lab]}))
    one, whole = read(tmp_path / "one.checks")[lab], course.models(lab)
    for form in (DECK, *one.accepted, *one.mistakes):
        verdicts = by_the_judge(examiner_of(one.rubric, course.batch, one.answer, whole, form))
        seen = set(verdicts.values())
        if form in one.mistakes:
            assert Verdict.FAIL in seen, (form, verdicts)
        else:  # one in sizes of its own stays open, as far as no word tells
            assert seen <= {Verdict.PASS, Verdict.UNSURE}, (form, verdicts)
        assert form != DECK or seen == {Verdict.PASS}, verdicts


def test_hidden_checks_and_their_mistakes_are_only_counted(labs: dict[str, Sealed]) -> None:
    one = labs["digits_mlp"]
    assert one.hidden == 1 and "accuracy" not in [check.id for check in one.rubric.checks]
    assert one.rubric.subject is not None and one.rubric.subject.outcome is None
    assert all(mistake_of(form) in one.rubric.mistakes for form in one.mistakes)
    assert line("digits_mlp", one).endswith("; 1 hidden.")


def test_a_lab_that_cannot_be_sealed_names_what_only_a_grading_checks() -> None:
    one = only_graded(load_course(ROOT).labs["lab6_captioning"])
    assert one.later and not one.answers and not one.rubric.checks and not one.rubric.mistakes
    told = repr(Result(one.rubric.title, "en", later=one.later, hidden=one.hidden))
    left = len(one.later) + one.hidden
    assert f"Nothing of this lab can be checked here; {left} more run when it is graded." in told
    assert all(f"… {title}: checked only when it is graded" in told for title in one.later)


def test_a_question_that_was_not_sealed_has_no_answer(labs: dict[str, Sealed]) -> None:
    with pytest.raises(Unaskable, match="sizes of its own"):
        labs["digits_mlp"].answer.ask(DECK, {}, Question("another", ()))
    with pytest.raises(Unaskable):
        labs["digits_mlp"].answer.ask(STARTER, {32: 40}, Question("another", ()))


def test_no_line_of_an_answer_is_in_the_wheel_for_students(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        content = {name: packed.read(name) for name in names}
    assert wheel.stat().st_size < 2 * 1024**2
    assert {f"grader/sealed/checks/{lab}.checks" for lab in LABS} <= set(names)
    assert {f"reports/locale/{language}/LC_MESSAGES/grader.mo" for language in ("es", "eu")} <= set(names)
    rubrics = load_course(ROOT).labs.values()  # none of them is in this wheel, so neither are their words
    assert not [
        r.lab for r in rubrics for check in r.checks for text in (check.tested, check.why) if text in said(content)
    ]
    assert not [
        name for name in names if name.startswith(("reference/", "rubrics/", "assignments/", "grader/judging/kinds/"))
    ]
    (tmp_path / "plain").write_bytes(content["grader/sealed/checks/digits_mlp.checks"])
    content["sealed"] = msgspec.msgpack.encode(read(tmp_path / "plain")["digits_mlp"])
    whole = b"\n".join(content.values())
    for lab in LABS:
        solution = (VISION / "reference" / "solutions" / f"{lab}.py").read_text("utf-8")
        lines = {line.strip() for line in solution.splitlines() if "tf." in line and "Tape" not in line}
        assert not [line for line in lines if line.encode() in whole], lab


def said(content: dict[str, bytes]) -> set[str]:
    return {text for name, data in content.items() if name.endswith(".mo") for text in unpacked(data)}


def test_nothing_that_knows_answers_is_imported_by_the_self_check() -> None:
    own = [rubric for rubric in load_course(ROOT).labs.values() if rubric.head.sealed]
    assert kinds_in(modules({})) == kinds_in(modules({own[0].lab: only_graded(own[0])})) == set()
    for rubric in own:
        files = modules(sealed_alone(rubric))
        inside = {file.relative_to(ROOT).as_posix() for file in files}
        assert {"grader/live/check.py", "grader/judging/declared/rule.py", "reports/self_check.py"} <= inside
        assert not [f for f in inside if f.startswith(("reference/", "grader/batch/", "grader/judging/oracle"))]
        assert kinds_in(files) == {rubric.head.judge}
        written = (ROOT / "reference" / "solutions" / f"{rubric.lab}.py").read_text("utf-8")
        parts = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", written, re.DOTALL)
        lines = {line.strip() for part in parts for line in part.splitlines() if len(line.strip()) > 20}
        assert lines and not [line for line in lines for file in files if line in file.read_text("utf-8")]


def kinds_in(files: list[Path]) -> set[str]:
    """The judges of labs of their own."""
    return {file.parent.name for file in files if file.parent.parent.name == "kinds"}


def sealed_alone(rubric: Rubric) -> dict[str, Sealed]:
    """With its checks, and no answer to anything."""
    kept = public_part(rubric, [check.id for check in rubric.checks if check.public])
    return {rubric.lab: Sealed(kept, SEED, (), (), 1, (), {}, (), ())}


def test_what_the_self_check_imports_of_others_comes_with_its_wheel_or_with_tensorflow() -> None:
    own = (rubric for rubric in load_course(ROOT).labs.values() if rubric.head.sealed)
    every = {lab: one for rubric in own for lab, one in sealed_alone(rubric).items()}
    # what the guest imports is the notebook's own, or absent
    outside = [file for file in modules(every) if "guest" not in file.parts]
    wanted = {name.split(".")[0] for file in outside for name in imported(file)} - set(sys.stdlib_module_names)
    assert wanted - {"grader", "reports"} == {"jinja2", "markupsafe", "msgspec", "numpy", "yaml"}
    assert all(f'"{name.replace("yaml", "pyyaml")}' in PROJECT for name in wanted - {"grader", "reports"})


def test_a_file_that_is_damaged_of_another_version_or_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    place = tmp_path / "some.checks"
    whole = written({})
    for content, told in (
        (whole[:-3], "is damaged"),
        (whole[:60] + b"x" + whole[61:], "is damaged"),
        (b"PK\x03\x04", "is no file of sealed checks"),
        (b"", "is no file of sealed checks"),
        (of_version(99), "another version of the grader (99, this one reads 2)"),
    ):
        place.write_bytes(content)
        with pytest.raises(UsageError) as trouble:
            read(place)
        assert told in str(trouble.value) and str(place) in str(trouble.value)
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "absent.checks")


def of_version(number: int) -> bytes:
    body = lzma.compress(msgspec.msgpack.encode((number, {})))
    return MAGIC + hashlib.sha256(body).digest() + body


def test_a_tensorflow_that_is_too_old_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tensorflow-2.9.1.dist-info").mkdir()
    (tmp_path / "tensorflow-2.9.1.dist-info" / "METADATA").write_text("Name: tensorflow\nVersion: 2.9.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=r"TensorFlow 2\.9\.1 is too old .* needs 2\.16 or newer: `pip install -U"):
        insist_on_tensorflow()


def test_long_arrays_lose_less_than_the_judge_sees() -> None:
    spread = 10.0 ** np.linspace(-6, 0, 500)
    numbers = np.concatenate([np.random.default_rng(3).normal(size=500) * spread, [0.0, 1e-30]]).astype(np.float32)
    for scale in (1e-20, 1.0, 1e20):
        scaled = (numbers * np.float32(scale)).astype(np.float32)
        kept = np.frombuffer(lengthened(shortened(scaled.tobytes())), np.float32)
        np.testing.assert_allclose(kept, scaled, rtol=WITHIN / 3, atol=float(np.abs(scaled).max()) * WITHIN / 50)
        assert np.array_equal(kept == 0, scaled == 0), "what is not zero stays so"
    assert not any(np.frombuffer(lengthened(shortened(bytes(80))), np.float32))


def test_numbers_that_are_not_finite_are_kept_as_they_are() -> None:
    replies, odd = Replies(exact=False), np.array([np.nan, np.inf, -1.0] * 9, np.float32)
    replies.add_answers({"deck": {"logits": odd}})
    assert replies.arrays == (odd.tobytes(),)


def test_equal_replies_are_kept_once(labs: dict[str, Sealed]) -> None:
    for one in labs.values():
        assert len(set(one.replies)) == len(one.replies) < len(one.answers)


@pytest.fixture
def python(installed: Path, wheel: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What a program prints last, as JSON, where the wheel is installed and the project is not."""

    def run(*parts: str, **environment: str) -> dict[str, Any]:
        program = "\n".join(map(textwrap.dedent, parts))
        rests_on = (program, *sorted(environment), *inside(wheel), *ENVIRONMENT, platform.platform())
        found: dict[str, Any] = json.loads(once(rests_on, lambda: printed(program, environment)))
        return found

    def printed(program: str, environment: dict[str, str]) -> str:
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
        return done.stdout.splitlines()[-1]

    return run


def inside(wheel: Path) -> list[str]:
    """The content of each file in it."""
    with zipfile.ZipFile(wheel) as packed:
        return [f"{name} {hashlib.sha256(packed.read(name)).hexdigest()}" for name in sorted(packed.namelist())]


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


def test_a_loop_without_end_and_a_question_to_nobody_are_told(python: Callable[..., dict[str, Any]]) -> None:
    found = python(
        "asked = ''",
        WORK.replace("EXTRA", "").replace("opt = tf.keras", "exec(asked)\n        opt = tf.keras"),
        """
        import json, grader, grader.live.check
        grader.live.check.SECONDS = 2.0
        texts = []
        for asked in ("while True: pass", "input('Go on?')"):
            texts.append(repr(grader.check("lab2")))
        print(json.dumps({"loop": texts[0], "input": texts[1]}))
        """,
    )  # fmt: skip
    assert "A question to your class took more than 2 seconds" in found["loop"]
    assert "`input()` would wait for somebody to type" in found["input"]
    assert all("0 of 7 public checks pass" in text for text in found.values())


def test_what_is_missing_is_told_in_a_sentence(python: Callable[..., dict[str, Any]], installed: Path) -> None:
    found = python(
        """
        import json, sys, grader
        texts = {"lab": repr(grader.check("lab9")), "class": repr(grader.check("lab2"))}
        print(json.dumps(texts))
        """,
    )
    assert found["lab"] == "Not checked: There is no self-check for 'lab9'; there is one for 'lab2', 'lab1'."
    assert "No class with a training method" in found["class"]
    elsewhere = python(
        "import json, grader; print(json.dumps({'lab': repr(grader.check('lab2'))}))",
        GRADER_SEALED=str(installed / "site" / "grader" / "__init__.py"),
    )
    assert "is no file of sealed checks" in elsewhere["lab"]
