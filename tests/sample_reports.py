"""Reports as the pipeline could make them: good, mistaken, unreadable, hostile, not isolated."""

import base64
import io
from pathlib import Path
from typing import Any

from PIL import Image

from grader.figures import GradientRow
from grader.gradebook.earlier import Earlier
from grader.model import (
    Cell,
    CellRun,
    CellStatus,
    CheckResult,
    Difference,
    Isolation,
    Level,
    Outcome,
    Remark,
    Report,
    Run,
    Scorecard,
    Submission,
    Verdict,
)
from grader.sandbox.guest.wire import Trouble

GRU = '''class RNNSentimentClassifier:
    def __init__(self, vocab_size, sequence_length):
        self.dim = 12
        self.W_z = tf.Variable(tf.random.normal([20, self.dim], stddev=0.1))
        self.W_r = tf.Variable(tf.random.normal([20, self.dim], stddev=0.1))
        # the candidate's weights
        self.W_rnn = tf.Variable(tf.random.normal([20, self.dim], stddev=0.1))

    def step(self, x, h_prev):
        """One step of the GRU."""
        emb = tf.nn.embedding_lookup(self.E, tf.reshape(x, [-1]))
        hx = tf.concat([h_prev, emb], 1)
        z = tf.sigmoid(hx @ self.W_z + self.b_z)
        r = tf.sigmoid(hx @ self.W_r + self.b_r)
        candidate = tf.tanh(tf.concat([r * h_prev, emb], 1) @ self.W_rnn + self.b_rnn)
        return z * h_prev + (1 - z) * candidate
'''
PROSE = """# Lab4: GRU based classifier

The deck's gates, with `h` **before** `x`:

| gate | weights |
|------|---------|
| z    | W_z     |
| r    | W_r     |

With $z_t = \\sigma(W_z [h_{t-1}; x_t])$ the new state is

$$h_t = (1 - z_t) \\odot h_{t-1} + z_t \\odot \\tilde{h}_t$$
"""
PANDAS = """<div><style scoped>.dataframe tbody tr th {vertical-align: top;}</style>
<table border="1" class="dataframe"><thead><tr style="text-align: right;">
<th></th><th>dev</th><th>train</th></tr></thead>
<tbody><tr><th>0</th><td>0.5547</td><td>0.5612</td></tr>
<tr><th>1</th><td>0.6133</td><td>0.6406</td></tr></tbody></table></div>"""
HOSTILE = """<script>document.title = 'HACKED'; document.body.dataset.hacked = 'HACKED'</script>
<style>body { display: none } .score { visibility: hidden }</style>
<meta http-equiv="refresh" content="0;url=https://example.org/HACKED"><base href="https://example.org/">
<form action="https://example.org/"><input name="q"><button>Full marks</button></form>
<iframe srcdoc="<script>parent.document.title='HACKED'</script>"></iframe>
<img src=x onerror="document.title='HACKED'"><img src="https://example.org/pixel.png">
<a href="javascript:document.title='HACKED'" onclick="document.title='HACKED'">look</a> <a href="https://example.org/">fine</a>
<svg onload="document.title='HACKED'"><title>HACKED</title></svg><object data="x"></object>
</div></section></main><header>
<p class="score" id="main" style="position:fixed;top:0">Everything is right: 9 of 9 points</p></header>"""
HOSTILE_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="top.document.title='HACKED'">
<script>top.document.title='HACKED'</script><circle r="4"/></svg>"""
HOSTILE_NAME = "<b>student03</b>\u202e<script>document.title='HACKED'</script> 🦊\x1b[31m"


def png() -> str:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((240, 60)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def display(**data: str) -> dict[str, Any]:
    """`text_html="<b>"` stands for the MIME type text/html."""
    named = {mime.replace("_", "/", 1).replace("svg_xml", "svg+xml"): value for mime, value in data.items()}
    return {"output_type": "display_data", "data": named, "metadata": {}}


def submission(student: str, lab: str | None = "lab4_gru", **more: Any) -> Submission:
    return Submission(path=Path(f"/class/{lab}/{student}.ipynb"), student=student, lab=lab, **more)


def check(name: str, level: Level, verdict: Verdict, points: float, **more: Any) -> CheckResult:
    words: dict[str, Any] = {"title": name.replace("_", " ").capitalize(), "possible": 1.0, "message": "", **more}
    return CheckResult(id=name, level=level, verdict=verdict, points=points, **words)


def notebook() -> tuple[Cell, ...]:
    return (
        Cell(0, "markdown", PROSE),
        Cell(1, "code", "import tensorflow as tf\nfrom google.colab import drive\ndrive.mount('/content/drive')"),
        Cell(2, "code", GRU),
        Cell(3, "code", "c = RNNSentimentClassifier(len(word_indices), 20)\nc.train(training_set, dev_set)"),
        Cell(4, "code", "pd.DataFrame(history)"),
        Cell(5, "code", "plt.plot(dev_accuracy)\nplt.plot(accuracy_train)"),
    )


def executed(address: str = "0x7f3a5c0d1e20", kernel: int = 4711) -> tuple[CellRun, ...]:
    epochs = "".join(f"Epoch: {n:03d} cost = {0.69 / (1 + n / 9):.5f}\n" for n in range(300))
    trace = [f"File /tmp/ipykernel_{kernel}/812.py:2", "\x1b[0;31mNameError\x1b[0m: name 'accuracy_train' …"]
    return (
        CellRun(1, CellStatus.OK, outputs=(stream("Mounted at /content/drive\n"),)),
        CellRun(2, CellStatus.OK),
        CellRun(3, CellStatus.OK, 3.2, outputs=(stream(epochs), stream(f"<object RNN at {address}>\n"))),
        CellRun(4, CellStatus.OK, outputs=(display(text_html=PANDAS, text_plain="   dev  train"),)),
        CellRun(
            5,
            CellStatus.ERROR,
            trouble=Trouble("NameError", "name 'accuracy_train' is not defined", cell=5, line=2),
            outputs=(
                display(image_png=png(), text_plain="<Figure size 640x480 with 1 Axes>"),
                {"output_type": "error", "ename": "NameError", "evalue": "", "traceback": trace},
            ),
        ),
    )


PASSED = (
    check(
        "gru_cell_runs",
        Level.RUNS,
        Verdict.PASS,
        1.0,
        title="The classifier can be made and called",
        tested="RNNSentimentClassifier(97, 20) was made and model(x) called on one batch.",
    ),
    check(
        "logits_shape",
        Level.SHAPES,
        Verdict.PASS,
        1.0,
        title="Logits have one row per example",
        tested="model(x) was called on batches of 5 and of 7 examples.",
        why="The loss expects one row of logits for each example.",
    ),
)
MIRRORED = check(
    "gru_step",
    Level.VALUES,
    Verdict.FAIL,
    1.5,
    possible=2.0,
    title="One step of the GRU",
    message="When z is 1 the deck takes the candidate; your step keeps the old state.",
    mistake="mirrored_update",
    mistake_title="The update gate is mirrored",
    hint="This is the form of Cho et al. (2014) and a valid GRU. The deck writes `h = (1 − z)·h_prev + z·candidate`.",
    seen="Your logits equal those of h = z·h_prev + (1 − z)·candidate, to 1e-6.",
    tested="Random weights were written into your variables, and model(x) compared with the deck's equations.",
    why="A gate that means the opposite reads wrongly when you plot it, and starts from another bias.",
    difference=Difference(
        "Same shape [5, 2]; 10 of 10 entries differ, the largest by 0.0412.",
        (("[3, 1]", "0.1873", "0.2285"), ("[0, 0]", "-0.0510", "-0.0194"), ("[4, 1]", "0.0920", "0.1102")),
    ),
    cell=2,
    nudge="Set z to 1 by hand: which of the two states should come out?",
    formula=r"\tilde{h}_t = \tanh(W \cdot [r_t * h_{t-1}, x_t])"
    + "\n"
    + r"h_t = (1 - z_t) * h_{t-1} + z_t * \tilde{h}_t",
    example="one unit, h = 1, candidate −1\nz = 0.25: the new h is (1 − 0.25) · 1 + 0.25 · (−1) = 0.5",
)
L2 = check(
    "l2_all_gates",
    Level.REGULARISATION,
    Verdict.FAIL,
    0.0,
    title="The penalty covers every weight matrix",
    message="W_z and W_r are not in the L2 penalty; W_rnn and W_cl are.",
    mistake="gates_not_regularised",
    mistake_title="The gates' weights are missing from the penalty",
    hint="Look for the second TODO, inside `train`: add the squares of `W_z` and `W_r` to the sum.",
    seen="The gradient holds 0.002·W for W_rnn and W_cl, and nothing beyond the cross-entropy for W_z and W_r.",
    tested="One step of train() was watched and the cross-entropy's gradient subtracted.",
    why="An unregularised gate can grow without bound and saturate.",
    cell=2,
)
OPEN = (
    check(
        "gates_learn",
        Level.GRADIENTS,
        Verdict.BLOCKED,
        0.0,
        title="Every variable gets a gradient",
        message="Not checked because “One step of the GRU” did not pass.",
        tested="One step of train() is watched, and every variable looked up in its gradient.",
    ),
    check(
        "dev_accuracy",
        Level.OUTCOME,
        Verdict.UNSURE,
        0.0,
        title="Accuracy on the blind test",
        message="Training was cut to one epoch here, so this is left open.",
    ),
    check(
        "early_stopping_text",
        Level.MANUAL,
        Verdict.MANUAL,
        0.0,
        title="Where would you stop training?",
        message="Your teacher reads what you wrote under the plot.",
    ),
)


GRADIENTS = (
    GradientRow("self.E", (97, 8), 0.0213, moved=True, error=2.1e-7),
    GradientRow("self.W_z", (20, 12), 0.0, moved=False),
    GradientRow("self.W_rnn", (20, 12), 0.131, moved=True, error=0.31),
    GradientRow("self.W_unused", (20, 12), None, moved=False),
    GradientRow("self.b_cl", (2,), 0.4, moved=False),
)


EARLIER = Earlier("2026-02-02T10:00:00Z", 2.0, 8.0, ("Logits have one row per example",), ("One step of the GRU",))


def good() -> Report:
    return Report(
        submission("student01", cells=notebook(), content="aa"),
        "Lab4: GRU based classifier",
        Outcome.OK,
        Run(Outcome.OK, Isolation.BUBBLEWRAP, executed()[:4]),
        Scorecard(PASSED, 2.0, 2.0),
        (Remark("other_order", "Your concatenation puts x before h. That is as right as the deck's [h, x]."),),
        "The whole GRU is right, its penalty too.",
        seconds=12.5,
    )


def mistaken(student: str = "student02", seconds: float = 31.25, **run: Any) -> Report:
    return Report(
        submission(student, cells=notebook(), repairs=("Two cells had no id; they were given one.",), content="bb"),
        "Lab4: GRU based classifier",
        Outcome.FAILED_CELLS,
        Run(
            Outcome.FAILED_CELLS,
            Isolation.BUBBLEWRAP,
            executed(**run),
            ("drive.mount was answered with the course's data folder.", "A training was cut to 10 epochs."),
        ),
        Scorecard((*OPEN, *PASSED, MIRRORED, L2), 3.5, 8.0, 2.0, fix_first="l2_all_gates"),
        (
            Remark("tuned", "You set the learning rate to 0.5; the deck uses 1.0. Both learn."),
            Remark("bidirectional", "Your network reads the sentence in both directions.", extra=True),
        ),
        "Your GRU computes and learns. Its penalty leaves the gates out, and the update gate is the mirrored one.",
        seconds=seconds,
        data="the course's small toy trees (256 sentences)",
        gradients=GRADIENTS,
    )


def unreadable() -> Report:
    fault = "The file ends in the middle of line 210: it is not complete JSON, perhaps a broken download."
    return Report(
        submission("student04", None, fault=fault, content="cc"),
        "",
        Outcome.UNREADABLE,
        Run(Outcome.UNREADABLE, Isolation.BUBBLEWRAP, fault=fault),
        Scorecard(),
        seconds=0.01,
    )


def hostile() -> Report:
    cells = (
        Cell(0, "markdown", "# Everything is right: 9 of 9\n\n" + HOSTILE + "\n\n![x](https://example.org/a.png)"),
        Cell(1, "code", "print('</code></pre><script>document.title=\"HACKED\"</script>')  # \u202etrick"),
        Cell(2, "raw", HOSTILE),
    )
    outputs = (
        stream("\x1b]0;HACKED\x07\x1b[2J" + HOSTILE),
        display(text_html=HOSTILE),
        display(image_svg_xml=HOSTILE_SVG),
        display(image_png="bm90IGFuIGltYWdl", text_plain="<img onerror=alert(1)>"),
        {"output_type": "error", "ename": "<script>", "evalue": HOSTILE, "traceback": HOSTILE},
        display(**{"application_javascript": "document.title='HACKED'"}),
        {"output_type": 7, "data": 3},
    )
    ran = (CellRun(1, CellStatus.ERROR, 0.0, Trouble("<script>E</script>", HOSTILE, cell=1, line=1), outputs),)
    failed = check("gru_step", Level.VALUES, Verdict.FAIL, 0.0, message=HOSTILE, seen=HOSTILE, cell=1)
    return Report(
        submission(HOSTILE_NAME, cells=cells, repairs=(HOSTILE,), content="dd"),
        "Lab4: GRU based classifier",
        Outcome.FAILED_CELLS,
        Run(Outcome.FAILED_CELLS, Isolation.BUBBLEWRAP, ran, (HOSTILE,), 1.0, HOSTILE),
        Scorecard((failed,), 0.0, 1.0),
        (Remark("r", HOSTILE),),
        "Variable " + HOSTILE,
        seconds=1.0,
    )


def unisolated() -> Report:
    nothing = check("np_density", Level.VALUES, Verdict.FAIL, 0.0, message="np_fn returns None.")
    return Report(
        submission("student05", "lab1_warmup", cells=notebook()[1:2], content="ee"),
        "Lab1: Warming Up",
        Outcome.UNATTEMPTED,
        Run(Outcome.OK, Isolation.NONE, executed()[:1]),
        Scorecard((nothing,), 0.0, 1.0, 0.0, "np_density"),
        summary="Both functions still return None.",
        seconds=2.0,
    )


def whole_class() -> tuple[Report, ...]:
    return (good(), mistaken(), unreadable(), hostile(), unisolated())
