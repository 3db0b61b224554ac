"""A kernel that is forked: the same as one that is started, blind for its predecessors, ended with its jail."""

import json
import sys
from pathlib import Path

import psutil
import pytest

from grader.model import Cell, Isolation, Limits, Run, TrainBudget
from grader.sandbox import kernel as kernels
from grader.sandbox.guest.zygote import Covered, is_hidden
from grader.sandbox.kernel import Setting
from grader.sandbox.session import open_session
from grader.sandbox.walls.isolation import why_cold, why_not_jailed

pytestmark = pytest.mark.skipif(why_not_jailed() is not None, reason=str(why_not_jailed()))
OWN = {"own.py": "x = 1"}
SETTING = Setting(7, {}, Limits(), TrainBudget(), seed=5, isolation=Isolation.BUBBLEWRAP, files=OWN)

TRAINING = """
import json, random
import numpy as np
import tensorflow as tf
W = tf.Variable(tf.random.normal([20, 12]))
x = tf.constant(np.random.normal(size=(256, 20)), tf.float32)
for _ in range(20):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.nn.dropout(tf.tanh(x @ W), 0.5)))
    W.assign_sub(0.1 * tape.gradient(loss, W))
print(json.dumps([float(loss), random.random(), hash("word"), W.numpy().tolist()]))
"""
AROUND = """
import json, os, sys, tempfile
import keras, tensorflow as tf
quiet = {"GRADER_KERNEL"}
print(json.dumps({
    "variables": {k: v for k, v in os.environ.items() if k not in quiet}, "arguments": sys.argv, "path": sys.path,
    "flags": str(sys.flags), "here": os.getcwd(), "files": sorted({*os.listdir()} - {".keras"}),
    "keras": keras.src.backend.config.keras_home(), "temporary": tempfile.gettempdir(),
    "modules": sorted(name for name in sys.modules if not name.startswith(("grader_guest", "sitecustom"))),
    "mask": os.umask(0o022), "user": [os.getuid(), os.getgid(), os.getgroups(), os.uname().nodename],
    "mounts": [line.split()[1] for line in open("/proc/mounts")], "devices": sorted(os.listdir("/dev")),
}))
"""
LIMITED = """
import json, resource
names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
print(json.dumps({name: resource.getrlimit(getattr(resource, name)) for name in names}))
"""
OPEN = """
import json, os
links = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")]
print(json.dumps(sorted(link.split(":")[0] for link in links)))
"""
LEAVES = """
import os, random, tensorflow as tf, numpy as np
for place in ("/tmp/left", "/dev/shm/left", "/home/student/left"):
    open(place, "w").write("an answer")
os.environ["LEFT"] = tf.left = np.left = "an answer"
random.seed(7), np.random.seed(7), tf.random.set_seed(7)
tf.keras.backend.set_floatx("float64")
"""
FINDS = """
import json, os, random, tensorflow as tf, numpy as np
found = [p for p in ("/tmp/left", "/dev/shm/left", "/home/student/left") if os.path.exists(p)]
print(json.dumps([found, "LEFT" in os.environ, hasattr(tf, "left"), hasattr(np, "left"), tf.keras.backend.floatx(),
                  random.random(), float(np.random.rand()), float(tf.random.uniform([]))]))
"""


def ran(*sources: str) -> Run:
    with open_session(SETTING) as session:
        return session.run(tuple(Cell(i, "code", source) for i, source in enumerate(sources)))


def printed(run: Run) -> list[object]:
    texts = ["".join(str(o.get("text", "")) for o in cell.outputs) for cell in run.cells]
    return [json.loads(text) for text in texts if text]


@pytest.fixture(scope="module")
def kinds(kernel: None) -> tuple[list[object], list[object]]:
    """What a forked kernel and a started one print."""
    sources = (TRAINING, AROUND, LIMITED, OPEN)
    assert why_cold() is None
    forked = printed(ran(*sources))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "warm", lambda isolation, device: False)
        started = printed(ran(*sources))
    return forked, started


@pytest.mark.parametrize("place", range(4), ids=["training", "surroundings", "limits", "open"])
def test_a_forked_kernel_is_the_same_as_one_that_is_started(
    place: int, kinds: tuple[list[object], list[object]]
) -> None:
    forked, started = kinds
    assert len(forked) == 4 and forked[place] == started[place]


def test_what_lies_with_us_is_hidden_but_for_the_packages_that_lie_there_too() -> None:
    project = Path(sys.prefix).resolve().parent
    covered = Covered((f"{sys.prefix}/lib/__editable__.grader.pth",), str(project))
    assert is_hidden(f"{project}/grader/model.py", covered) and is_hidden(covered.places[0], covered)
    assert not is_hidden(f"{sys.prefix}/lib/site.py", covered) and not is_hidden(f"{project}-elsewhere/x.py", covered)


def test_nothing_of_one_submission_is_seen_by_the_next(kernel: None) -> None:
    (before,) = printed(ran(FINDS))
    ran(LEAVES)
    assert printed(ran(FINDS)) == [before]
    assert before[:5] == [[], False, False, False, "float32"]


def zygotes() -> list[psutil.Process]:
    living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "zygote" in child.cmdline()]


def test_a_kernel_outlives_its_zygote_and_the_next_one_gets_another(kernel: None) -> None:
    with open_session(SETTING) as session:
        killed = zygotes()
        for zygote in killed:
            zygote.kill()
        psutil.wait_procs(killed, timeout=5)
        assert session.run((Cell(0, "code", "print(6 * 7)"),)).cells[0].outputs[0]["text"] == "42\n"
    assert printed(ran("print(6 * 7)")) == [42]
    assert len(zygotes()) == 1


def test_with_the_jail_everything_ends_and_the_zygote_stays(kernel: None) -> None:
    ran("import os\nif os.fork() == 0:\n    os.setsid()\n    import time\n    time.sleep(600)")
    psutil.wait_procs([fork for zygote in zygotes() for fork in zygote.children(recursive=True)], timeout=5)
    assert zygotes() and all(zygote.children(recursive=True) == [] for zygote in zygotes())
    assert all(zygote.num_threads() == 1 for zygote in zygotes())
