"""What tests share: which of them need a kernel or TensorFlow, which stay with one worker, one oracle, kept answers."""

import ast
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from grader.batch.keys import of_data
from grader.batch.preparing import batch_for
from grader.judging.oracle import Oracle
from grader.model import Report, Submission, TrainPolicy
from grader.pipeline import grade_batch
from grader.sandbox.walls.isolation import run_forked, run_jailed
from grader.sandbox.walls.zygote import WAITING
from tests import kept
from tests.earlier_answers import kept_answers

ANSWERS = "GRADER_TEST_ANSWERS"  # the folder of kept answers; it may be deleted at any time
SEED = 20
WITHOUT_TENSORFLOW = ("reference.notebooks", "reference.handed_out", "reference.place")
LONGEST_FIRST = (
    *("a4", "lab6", "lab4", "lab5_", "test_hostile", "a3", "lab5b", "lab2", "a1", "lab3", "a2", "lab1"),
    *("test_second_course", "test_accessibility", "test_training", "test_gpus", "test_sealed", "test_cli"),
    *("test_session", "test_new_lab", "test_calibrate"),
    *("test_notebooks_in_sync", "test_many_variables", "test_house_rules"),
)

_may_open = [False]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as below `nohup … &`: commands that tests interrupt would go on
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def kept_here(answers: Path) -> None:
    """For tests that keep what dear questions were answered (tests/kept.py)."""
    kept.keep_in(answers / "kept")


@pytest.fixture(scope="session")
def kernel(kept_here: None) -> None:
    """Whatever opens a kernel asks for this, and so gets the marker `kernel`: `make quick` leaves it out."""


@pytest.fixture(params=["started", pytest.param("forked", marks=pytest.mark.kernel)])
def inside(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """What a program writes in a jail, both ways in: started there by bubblewrap, and forked into it by a zygote."""

    def started(program: str) -> str:
        done = run_jailed(program)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return started if request.param == "started" else run_forked


@pytest.fixture(scope="session")
def oracle(kernel: None) -> Iterator[Oracle]:
    """One for all tests of a worker: its TensorFlow takes seconds to load, and its answers are kept."""
    with Oracle() as oracle:
        yield oracle


@pytest.fixture(scope="session")
def jobs(request: pytest.FixtureRequest) -> int:
    """Notebooks at a time in one worker; with two, one waits for us while the other computes."""
    workers = getattr(request.config, "workerinput", {}).get("workercount", 1)
    return max(2, (os.cpu_count() or 1) // workers)


@pytest.fixture(scope="session")
def answers(request: pytest.FixtureRequest) -> Path:
    """Where answers of earlier runs are kept."""
    folder = Path(os.environ.get(ANSWERS) or request.config.cache.mkdir("answers"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def grade(oracle: Oracle, jobs: int, answers: Path) -> Callable[..., list[Report]]:
    """Reports on notebooks, from what they answered in an earlier run where nothing changed on which that rests.

    What is graded under one name, a lab's, shares what its model answer said, too.
    """

    def graded(name: str, submissions: Sequence[Submission], train: TrainPolicy) -> list[Report]:
        with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
            patch.delenv("GRADER_DATA", raising=False)
            batch = batch_for(None, train, SEED)
            store = kept_answers(answers / f"{name}-{train}", stack)
            if store:
                store.begin()
            batch = replace(batch, store=store, data_key=of_data(batch.data))
            reports = list(grade_batch(submissions, batch, oracle, jobs, lambda submission, what: None))
            if store:
                store.end()
        return reports

    return graded


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A run without kernels does not even import what loads TensorFlow."""
    without = "not kernel" in config.option.markexpr
    return True if without and collection_path.suffix == ".py" and loads_tensorflow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "kernel" in getattr(item, "fixturenames", ()) or loads_tensorflow(item.path):
            item.add_marker("kernel")
    items.sort(key=lambda item: place(group(item.nodeid)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """What stays with one worker is decided here: the groups of xdist are lost on newer versions of pytest."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only where there are workers

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return ByGroup(config, log)


def group(nodeid: str) -> str:
    """All notebooks of a lab, else a file, which keeps what is dear to make."""
    from tests.test_notebooks import EXPECTED, LABS  # noqa: PLC0415 - which is a test file itself

    file, _, test = nodeid.partition("::")
    parameter = test.partition("[")[2].removesuffix("]")
    if parameter in EXPECTED:
        return str(EXPECTED[parameter]["lab"])
    return (
        parameter
        if parameter in LABS and file.endswith(("test_verify.py", "test_sealed_notebooks.py"))
        else Path(file).stem
    )


def place(name: str) -> int:
    """What takes longest begins first, so that no worker is left alone with it in the end."""
    return next((n for n, start in enumerate(LONGEST_FIRST) if name.startswith(start)), len(LONGEST_FIRST))


_loading: dict[Path, bool] = {}


def loads_tensorflow(file: Path) -> bool:
    """Whether importing it does."""
    if file not in _loading:
        body = ast.parse(file.read_text(encoding="utf-8")).body
        names = [alias.name for node in body if isinstance(node, ast.Import) for alias in node.names]
        for node in body:
            if isinstance(node, ast.ImportFrom) and node.module:
                names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        loading = ("tensorflow", "keras", "reference")
        _loading[file] = any(n.split(".")[0] in loading and not n.startswith(WITHOUT_TENSORFLOW) for n in names)
    return _loading[file]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where the time went: seconds of each group that stayed with one worker."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[group(report.nodeid)] += report.duration
    terminalreporter.section("seconds by lab or file, of those that took more than ten")
    for name, took in seconds.most_common():
        if took > 10:
            terminalreporter.write_line(f"{took:7.0f}  {name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _may_open[0] = item.get_closest_marker("kernel") is not None
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed:
        kept.forget(item.path.stem)
    return report


def insist_on_fixture(event: str, arguments: tuple[Any, ...]) -> None:
    """A test that opens a kernel or loads TensorFlow without saying so would slow down every quick run."""
    if _may_open[0] or "PYTEST_CURRENT_TEST" not in os.environ:
        return
    if event == "subprocess.Popen":
        words = [str(word) for word in arguments[1] or ()]
        opens = any(word.endswith("/start.py") or word == WAITING[-1] for word in words)
        assert not opens, "opens a kernel: ask for the fixture `kernel`"
    assert event != "import" or arguments[0] != "tensorflow", "loads TensorFlow: ask for the fixture `kernel`"


sys.addaudithook(insist_on_fixture)
