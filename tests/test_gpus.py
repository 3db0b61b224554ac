"""GPUs as far as they can be tried without one: what a fake inventory leads to, and notebooks that ask for a GPU."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from grader.batch import keys
from grader.batch.preparing import batch_for
from grader.commands import doctor
from grader.commands.gpu_test import gpu_findings, told_of
from grader.commands.verify import complete, trials
from grader.judging.oracle import Oracle
from grader.model import Cell, CellRun, CellStatus, Device, Limits, Outcome, Report, Run, TrainBudget, TrainPolicy
from grader.pipeline import grade_batch
from grader.running.gpus import Found, Gpu, installed, permitted
from grader.running.slots import CONTEXT, Slot, Slots, at_a_time, carried, slots
from grader.sandbox.guest.wire import Call, Question, Trouble
from grader.sandbox.kernel import Setting
from grader.sandbox.walls import card_memory, jail
from grader.sandbox.walls.isolation import best_isolation, why_not_jailed
from tests.kept_sessions import KeptSession, open_session

GB = 1024**3
ROOT = Path(__file__).parent.parent
ONE = Gpu("GPU-1111", "Large Card", 0, 16 * GB, 15 * GB)
TWO = Gpu("GPU-2222", "Small Card", 1, 8 * GB, 6 * GB)
NONE = Found(why_none="there is none.")

DRIVER = """
#include <stdio.h>
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory;
int nvmlInitWithFlags(unsigned int f) { return 0; }
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned int *n) { *n = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int i, void **h) { *h = (void *)(unsigned long)(i + 1); return 0; }
int nvmlDeviceGetName(void *h, char *s, unsigned int n) { strcpy(s, "Stub Card"); return 0; }
int nvmlDeviceGetUUID(void *h, char *s, unsigned int n) { sprintf(s, "GPU-%lu", (unsigned long)h); return 0; }
int nvmlDeviceGetMinorNumber(void *h, unsigned int *n) { *n = (unsigned long)h + 4; return 0; }
int nvmlDeviceGetMemoryInfo(void *h, memory *m) { m->total = 9000; m->free = 7000; m->used = 2000; return 0; }
"""


def test_what_the_driver_tells_is_read_through_its_library(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler to make a driver with")
    (tmp_path / "driver.c").write_text(DRIVER)
    library = str(tmp_path / "libnvidia-ml.so.1")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, str(tmp_path / "driver.c")], check=True)
    told = python("from grader.running.gpus import nvml; print(*nvml().gpus, sep='\\n')", LD_LIBRARY_PATH=str(tmp_path))
    assert told.splitlines() == [
        f"Gpu(uuid='GPU-{i}', name='Stub Card', minor={i + 4}, total=9000, free=7000)" for i in (1, 2)
    ]


def test_without_a_driver_there_is_no_gpu_and_a_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_text("no library")
    said = python("from grader.running.gpus import nvml; print(nvml())", LD_LIBRARY_PATH=str(tmp_path))
    assert said.startswith("Found(gpus=(), why_none='no NVIDIA driver answers")


def python(code: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("named", "gpus"),
    [
        (None, (ONE, TWO)), ("1", (TWO,)), ("1,0", (TWO, ONE)), ("GPU-1", (ONE,)), ("", ()), ("-1", ()),
        ("0,7,1", (ONE,)), ("GPU-", ()), ("NoDevFiles", ()),
    ],
)  # fmt: skip
def test_cuda_visible_devices_hides_gpus_from_us_as_from_cuda(named: str | None, gpus: tuple[Gpu, ...]) -> None:
    assert permitted((ONE, TWO), named) == gpus


def test_a_gpu_is_shared_in_parts_of_at_least_what_a_notebook_needs() -> None:
    shares = [slot.device for slot in slots(Found((ONE,)), 4 * GB, 64)]
    assert [share.uuid for share in shares if share] == ["GPU-1111"] * 3
    assert all(share and 4 * GB <= share.memory <= 5 * GB - CONTEXT for share in shares)


def test_few_jobs_are_spread_over_all_gpus_and_no_more_are_made_than_asked_for() -> None:
    places = slots(Found((ONE, TWO)), 4 * GB, 2)
    assert [slot.device and slot.device.minor for slot in places] == [0, 1]
    assert at_a_time(places) == "2 at a time on 2 GPUs"


def test_a_gpu_smaller_than_the_need_is_one_slot_and_one_that_is_full_is_none() -> None:
    assert len(slots(Found((TWO,)), 40 * GB, 8)) == 1
    full = replace(TWO, free=GB)
    assert {slot.device and slot.device.uuid for slot in slots(Found((ONE, full)), 4 * GB, 8)} == {"GPU-1111"}
    assert slots(Found((full,)), 4 * GB, 2) == (Slot(0), Slot(1))


def test_however_little_is_asked_for_a_share_is_enough_to_compute_on() -> None:
    shares = [slot.device for slot in slots(Found((ONE,)), 0, 64)]
    assert len(shares) == 8 and all(share and share.memory >= GB for share in shares)


def test_without_a_gpu_there_are_as_many_slots_as_asked_for_else_as_cores_and_memory_carry() -> None:
    assert slots(NONE, GB, 3) == (Slot(0), Slot(1), Slot(2))
    assert len(slots(NONE, GB)) == carried() <= (os.cpu_count() or 1)
    assert at_a_time(slots(NONE, GB, 3)) == "3 at a time on the CPU"


def test_who_is_alone_on_a_gpu_waits_for_its_other_slots_and_nobody_new_gets_one() -> None:
    places = slots(Found((ONE, TWO)), 4 * GB, 3)
    lender = Slots(places, lambda: Found((replace(ONE, free=12 * GB), TWO)))
    assert len(places) == 3
    seen: list[str] = []
    with lender.lent() as first, lender.lent() as second, lender.lent() as third:
        lent = [slot.device and slot.device.uuid for slot in (first, second, third)]
        assert lent == ["GPU-1111", "GPU-2222", "GPU-1111"]
    neighbour, inside, done = threading.Event(), threading.Event(), threading.Event()

    def another() -> None:
        with lender.lent() as slot:
            seen.append(f"neighbour on {slot.device and slot.device.uuid}")
            neighbour.set()
            inside.wait(0.3)
            seen.append("neighbour ends")

    def alone() -> None:
        with lender.alone(places[0]) as slot:
            inside.set()
            assert slot.device is not None
            seen.append(f"alone with {slot.device.memory + CONTEXT} of {slot.device.elsewhere}")
            done.wait(5)

    threads = [threading.Thread(target=another)]
    threads[0].start()
    neighbour.wait(5)
    threads.append(threading.Thread(target=alone))
    threads[1].start()
    inside.wait(5)
    with lender.lent() as slot:
        assert slot.device is not None and slot.device.uuid == "GPU-2222"
    done.set()
    for thread in threads:
        thread.join(5)
    assert seen == ["neighbour on GPU-1111", "neighbour ends", f"alone with {12 * GB} of {4 * GB}"]


SHARE = Device("GPU-2222", "Small Card", 1, 4 * GB)


def test_a_jail_on_a_gpu_shows_that_one_and_no_other() -> None:
    words = jail._device(SHARE)
    shown = [words[i + 1] for i, word in enumerate(words) if word == "--dev-bind-try"]
    assert shown == ["/dev/nvidia1", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools",
                     "/dev/nvidia-modeset", "/dev/nvidia-caps"]  # fmt: skip
    assert jail._device(None) == []
    assert not [word for word in jail.rlimits(Limits(), SHARE) if word.startswith("--data")]
    assert jail.environment(jail.INSIDE, SHARE)["CUDA_VISIBLE_DEVICES"] == "GPU-2222"
    assert jail.environment(jail.INSIDE)["CUDA_VISIBLE_DEVICES"] == "-1"


GUARDS = {
    "untouched": "from tensorflow.python.eager import context\nprint(context.context()._initialized)",
    "colab": (
        "device_name = tf.test.gpu_device_name()\nif device_name != '/device:GPU:0':\n"
        "  raise SystemError('GPU device not found')\nprint('Found GPU at: {}'.format(device_name))"
    ),
    "in the else": (
        "nombre = tf.test.gpu_device_name()\nif nombre == '/device:GPU:0':\n    print('found')\nelse:\n"
        "    raise SystemError('GPU device not found')"
    ),
    "asserted": "assert tf.config.list_physical_devices('GPU'), 'no GPU runtime'\nassert tf.test.is_gpu_available()",
    "held": "dispositivos = tf.config.experimental.list_physical_devices('GPU')\nzenbat = len(dispositivos)",
    "later": (
        "assert zenbat > 0, 'no hay GPU'\nif not dispositivos:\n    import sys\n"
        "    sys.exit('ez dago GPUrik')\nprint(zenbat)"
    ),
    "growth": (
        "gpus = tf.config.list_physical_devices('GPU')\ntf.config.experimental.set_memory_growth(gpus[0], True)\n"
        "tf.config.set_visible_devices(gpus[0], 'GPU')\ntf.config.set_logical_device_configuration(\n"
        "    gpus[0], [tf.config.LogicalDeviceConfiguration(memory_limit=4096)])\n"
        "for gpu in gpus: tf.config.experimental.set_memory_growth(gpu, True)\nprint(len(gpus), bool(gpus), gpus[1:])"
    ),
    "in a function": (
        "def comprobar():\n    if not tf.config.list_physical_devices('GPU'):\n        raise RuntimeError('sin GPU')\n"
        "    return 'GPU'\ncomprobar()"
    ),
    "timed": "%%time\nif 'GPU' not in str(tf.config.list_physical_devices()):\n    raise SystemExit",
    "placed": (
        "tf.config.set_soft_device_placement(False)\n"
        "with tf.device('/device:GPU:0'):\n    w = tf.Variable([[1., 2.]])\n    y = tf.matmul(w, [[3.], [4.]])\n"
        "@tf.function\ndef f(x):\n    with tf.device('/GPU:0'): return x * 2\n"
        "with tf.device(device_name): print(float(f(y)[0, 0]))"
    ),
    "smi": "out = !nvidia-smi\nif '\\n'.join(out).find('failed') >= 0: print('no GPU')\n!nvidia-smi -L",
    "listed": "from tensorflow.python.client import device_lib\nprint(len(device_lib.list_local_devices()))",
    "float": "print(tf.config.experimental.tensor_float_32_execution_enabled())",
    "told": "import os\nprint(os.environ['CUDA_VISIBLE_DEVICES'])",
}


def cells(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell(index, "code", source) for index, source in enumerate(sources))


def setting(device: Device | None = None) -> Setting:
    return Setting(
        slot=7, data={}, limits=Limits(), budget=TrainBudget(), seed=1, isolation=best_isolation(), device=device
    )


@pytest.fixture(scope="module")
def session(kernel: None) -> Iterator[KeptSession]:
    with open_session(setting()) as opened:
        yield opened


@pytest.fixture(scope="module")
def guarded(session: KeptSession) -> Run:
    return session.run(cells("import tensorflow as tf", *GUARDS.values()))


def printed(run: Run, name: str) -> str:
    return "".join(out.get("text", "") for out in run.cells[1 + list(GUARDS).index(name)].outputs)


def test_no_cell_that_looks_for_a_gpu_ends_a_notebook_on_the_cpu(guarded: Run) -> None:
    ended = {name: (run.status, run.trouble) for name, run in zip(GUARDS, guarded.cells[1:], strict=True)}
    assert {name: end for name, end in ended.items() if end[0] is not CellStatus.OK} == {}
    assert guarded.outcome is Outcome.OK


def test_what_a_notebook_prints_about_gpus_stays_true(guarded: Run) -> None:
    assert printed(guarded, "colab") == "Found GPU at: \n"
    assert printed(guarded, "later") == "0\n"
    assert printed(guarded, "growth") == "0 False []\n"
    assert printed(guarded, "placed") == "22.0\n"
    assert printed(guarded, "smi").startswith("no GPU\nNVIDIA-SMI has failed")
    assert printed(guarded, "told") == "-1\n"


def test_the_report_says_what_was_passed_over(guarded: Run) -> None:
    told = "\n".join(guarded.changes)
    for words in ("ends a cell where there is no GPU", "set_memory_growth was ignored", "set_soft_device_placement"):
        assert words in told


def test_a_notebook_begins_before_tensorflow_has_fixed_its_devices(guarded: Run) -> None:
    assert printed(guarded, "untouched") == "False\n"


def test_questions_are_answered_with_whole_floats_whatever_trainings_use(session: KeptSession, guarded: Run) -> None:
    asks = Call("tf.config.experimental.tensor_float_32_execution_enabled", (), into="told")
    assert printed(guarded, "float") == "True\n"
    assert session.ask(Question("tf32", (asks,), 10.0)).values["told"] is False


def test_an_error_of_the_students_own_that_speaks_of_gpu_memory_is_none_of_ours(kernel: None) -> None:
    with open_session(setting()) as session:
        run = session.run(cells("c = {'gpu_memory': 0}\nif c['gpu_memory'] == 0:\n    raise ValueError('mine')"))
    assert run.outcome is Outcome.FAILED_CELLS


@pytest.mark.parametrize(
    ("kind", "message", "of_a_gpu"),
    [
        ("ResourceExhaustedError", "{{function_node __wrapped__MatMul}} OOM when allocating tensor", True),
        ("ResourceExhaustedError", "OOM on /job:localhost/replica:0/task:0/device:CPU:0 by allocator mklcpu", False),
        ("InternalError", "Failed call to cuInit: CUDA_ERROR_OUT_OF_MEMORY: out of memory", True),
        ("InternalError", "Dst tensor is not initialized.", True),
        ("UnknownError", "Failed to get convolution algorithm. Could not create cudnn handle", True),
        ("InternalError", "cuBLAS error: CUBLAS_STATUS_NOT_INITIALIZED", True),
        ("MemoryError", "Unable to allocate 128 GiB", False),
        ("ValueError", "Shapes are incompatible", False),
    ],
)
def test_a_full_gpu_is_told_from_other_errors(kind: str, message: str, of_a_gpu: bool) -> None:
    assert card_memory.ran_out(Trouble(kind, message)) is of_a_gpu


# Fails as on a GPU with too little memory, which is told from what the kernel was configured with.
NEEDY = """
import json, sys, tensorflow as tf
def needs(gb):
    if 0 < json.load(open(sys.argv[1]))['gpu_memory'] < gb * 1024**3:
        raise tf.errors.ResourceExhaustedError(None, None, 'OOM on device:GPU:0 by allocator GPU_0_bfc')
"""
Graded = Callable[..., tuple[Report, list[str]]]


@pytest.fixture(scope="module")
def graded(oracle: Oracle) -> Iterator[Graded]:
    """The solution of lab1 with such a cell before it, and with a call of `asked` in one of its answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADER_DATA", raising=False)
        batch = replace(batch_for(None, TrainPolicy.NONE, 5, None), opening=open_session)

        def one(before: str, *found: Found) -> tuple[Report, list[str]]:
            """`found`: what the inventory says, each time it is asked; the last one from then on."""
            solution = trials(["lab1_warmup"], fast=True)[0].submission
            lines = [cell.source.replace("def tf_fn(x):", "def tf_fn(x):\n    asked()") for cell in solution.cells]
            rest = [replace(c, index=c.index + 1, source=s) for c, s in zip(solution.cells, lines, strict=True)]
            submission = replace(solution, cells=(Cell(0, "code", NEEDY + before), *rest))
            answers = list(found)
            fake = replace(batch, inventory=lambda: answers.pop(0) if len(answers) > 1 else answers[0])
            heard: list[str] = []
            (report,) = grade_batch([submission], fake, oracle, None, lambda _, what: heard.append(what))
            return report, heard

        yield one


ALONE = "ran out of GPU memory and is run again, alone on the GPU"


def test_a_notebook_that_fills_its_share_of_a_gpu_is_run_again_alone_and_loses_nothing(graded: Graded) -> None:
    report, heard = graded("def asked(): pass\nneeds(10)", Found((ONE,)))
    assert heard.count(ALONE) == 1
    assert report.outcome is Outcome.OK and complete(report.card)
    assert any("TensorFlow did not see" in told for told in report.run.changes)  # for here is none


def test_so_is_one_whose_share_is_too_small_for_a_question(graded: Graded) -> None:
    report, heard = graded("def asked(): needs(10)", Found((ONE,)))
    assert heard.count(ALONE) == 1
    assert report.outcome is Outcome.OK and complete(report.card)


def test_a_notebook_that_needs_more_than_a_whole_gpu_is_told_so_once_it_was_alone(graded: Graded) -> None:
    idle = Found((replace(ONE, free=15 * GB + GB // 2),))
    report, heard = graded("def asked(): pass\nneeds(100)", idle)
    assert heard.count(ALONE) == 1
    assert report.outcome is Outcome.OUT_OF_MEMORY
    assert report.run.fault == (
        'The cell that begins "import json, sys, tensorflow as tf" needed more than the 14.8 GB of GPU memory it had '
        "here (Large Card, with no other notebook on it); its own code took them."
    )
    assert complete(report.card)  # nothing judged depends on that cell


def test_what_was_found_out_on_another_kind_of_device_counts_as_unknown() -> None:
    solution = trials(["lab1_warmup"], fast=True)[0].submission
    batch = batch_for(None, TrainPolicy.NONE, 5)
    kinds = [lambda: NONE, lambda: Found((ONE,)), lambda: Found((TWO, ONE))]
    words = [keys.of_run(solution, replace(batch, inventory=kind)) for kind in kinds]
    assert len(set(words)) == 3
    assert keys.of_run(solution, replace(batch, inventory=lambda: Found((ONE, ONE)))) == words[1]


def test_where_other_programs_fill_the_gpu_no_point_is_lost(graded: Graded) -> None:
    taken = Found((replace(ONE, free=3 * GB),))
    report, heard = graded("def asked(): pass\nneeds(10)", Found((ONE,)), taken)
    assert heard.count(ALONE) == 1
    assert report.outcome is Outcome.GRADER_ERROR
    assert report.card.pending == report.card.possible > 0
    assert "other programs held 13.0 GB" in (report.run.fault or "")


def test_on_the_cpu_nothing_is_run_twice(graded: Graded) -> None:
    report, heard = graded("def asked(): pass\nraise tf.errors.ResourceExhaustedError(None, None, 'OOM')", NONE)
    assert ALONE not in heard
    assert report.outcome is Outcome.OUT_OF_MEMORY and "GPU" not in (report.run.fault or "")


def test_a_notebook_computes_on_a_real_gpu_within_its_share(kernel: None) -> None:
    here = installed()
    if not here.gpus:
        pytest.skip(f"no GPU: {here.why_none}")
    (slot,) = slots(here, 0, 1)
    assert slot.device is not None
    mb = slot.device.memory // 1024**2
    with open_session(setting(slot.device)) as session:
        run = session.run(
            cells(
                "import tensorflow as tf\nprint(tf.matmul(tf.ones((2, 2)), tf.ones((2, 2))).device[-5:])",
                "tf.config.experimental.set_memory_growth(tf.config.list_physical_devices('GPU')[0], True)",
                "print(len(tf.config.list_logical_devices('GPU')))",
                f"hoard = [tf.zeros(2**20) for _ in range({mb // 4 + 1})]",
            )
        )
    assert [cell.status for cell in run.cells] == [CellStatus.OK] * 3 + [CellStatus.OUT_OF_MEMORY]
    assert ["".join(out.get("text", "") for out in cell.outputs) for cell in run.cells[:3]] == ["GPU:0\n", "", "1\n"]


def test_the_doctor_tells_which_gpus_there_are(kernel: None) -> None:
    _, good, said = doctor.gpu(lambda: Found((ONE, ONE, TWO)))
    assert said.startswith("2 × Large Card (15 of 16 GB free), 1 × Small Card (6 of 8 GB free): ")
    if why_not_jailed() is None:  # a jail in which TensorFlow looked, and found none of these
        assert (good, "does not see Large Card" in said) == (False, True)
    assert "too full" in doctor.gpu(lambda: Found((replace(ONE, free=GB),)))[2]
    assert doctor.gpu(lambda: NONE)[2] == "none; notebooks run on the CPU: there is none."


def test_the_gpu_test_says_what_to_do_where_a_jail_sees_none(kernel: None) -> None:
    (told,) = gpu_findings(lambda: Found((ONE,)))
    assert told[:2] == ("jail", False)
    assert told[2].startswith("TensorFlow in the jail does not see Large Card.") and "make install TF=tf-gpu" in told[2]


def test_the_gpu_test_tells_why_there_is_nothing_to_try() -> None:
    assert list(gpu_findings(lambda: NONE)) == [("gpu test", False, "there is no GPU to try: there is none.")]
    (full,) = gpu_findings(lambda: Found((replace(ONE, free=GB),)))
    assert "too full for a notebook" in full[2]


def test_what_the_gpu_test_saw_is_told_in_words() -> None:
    device = Device("GPU-1111", "Large Card", 0, 4 * GB)
    sees, near, far = (printing(text) for text in ("1\n", "2.5e-07\n", "0.03\n"))
    full = CellRun(2, CellStatus.OUT_OF_MEMORY)
    good = list(told_of(Run(Outcome.OK, best_isolation(), (sees, near, full)), device))
    assert [(name, ok) for name, ok, _ in good] == [("jail", True), ("step", True), ("share", True)]
    broken = CellRun(1, CellStatus.ERROR, trouble=Trouble("InternalError", "no kernel image is available"))
    for step, said in ((far, "differ from the CPU's by 3e-02"), (broken, "InternalError: no kernel image")):
        bad = list(told_of(Run(Outcome.OK, best_isolation(), (sees, step, printing(""))), device))
        assert [ok for _, ok, _ in bad] == [True, False, False] and said in bad[1][2]
        assert "took more than its share of 4.0 GB" in bad[2][2]


def printing(text: str) -> CellRun:
    return CellRun(0, CellStatus.OK, outputs=({"output_type": "stream", "name": "stdout", "text": text},))
