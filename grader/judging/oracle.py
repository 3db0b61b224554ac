"""The oracle's own process: the only one on our side that loads TensorFlow.

Its answers are kept and shared by all submissions.
"""

import gc
import os
import signal
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Lock, Thread
from typing import Any

from grader.errors import OurFault
from grader.judging.formulas import Answers, key_of

PATIENCE = 300.0  # seconds for one answer; they take well under one, so more means that its process is gone


class Oracle:
    """Answers questions of `reference/`; warms up from when it is made, to be ready when the first notebook has run."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[bytes, Future[Answers]] = {}
        self._pool, self._processes = begun()

    def __call__(self, lab: str, question: str, case: dict[str, Any]) -> Answers:
        """Raises OurFault when the process dies of the same question twice."""
        key = key_of(lab, question, case)
        for _ in range(2):
            pool = self._pool
            try:
                with self._lock:
                    if key not in self._kept:
                        self._kept[key] = pool.submit(computed, lab, question, case)
                return self._kept[key].result(PATIENCE)
            except BrokenProcessPool:
                self._begin_again(pool)
        raise OurFault(f"The process that computes right answers died twice at {lab}, {question}: is memory short?")

    def _begin_again(self, broken: ProcessPoolExecutor) -> None:
        """Once, however many notebooks were waiting; answers that were there stay."""
        with self._lock:
            if self._pool is broken:
                self._kept = {key: future for key, future in self._kept.items() if is_answered(future)}
                self._pool, self._processes = begun()

    def close(self) -> None:
        """At once: whatever it still computes is of no use to anyone.

        The pool's own thread is waited for: left to Python's exit, it now and then complains there of a closed pipe.
        """
        for process in self._processes:
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> "Oracle":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def begun() -> tuple[ProcessPoolExecutor, set[BaseProcess]]:
    before = set(active_children())
    pool = ProcessPoolExecutor(1, get_context("spawn"), prepare)
    pool.submit(warm)
    return pool, set(active_children()) - before


def is_answered(future: Future[Answers]) -> bool:
    return future.done() and future.exception() is None


def prepare() -> None:
    Thread(target=end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the grader, and with it this process
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # float64 answers need no GPU, and students need its memory
    os.environ["GRPC_VERBOSITY"] = "NONE"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # it announces itself on stderr, between our lines of progress
    gc.disable()  # collecting during TensorFlow's import costs a third of its time, and little garbage comes after
    for unneeded in ("sklearn", "matplotlib"):  # TensorFlow would load both
        sys.modules[unneeded] = None  # type: ignore[assignment]


def end_with_parent() -> None:
    """A grader that is killed cannot end its processes, and they would wait for its questions for ever."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def warm() -> None:
    import reference  # noqa: PLC0415 - the oracle's own process alone imports it

    reference.warm()


def computed(lab: str, question: str, case: dict[str, Any]) -> Answers:
    from reference import answer  # noqa: PLC0415 - the oracle's own process alone imports it

    return answer(lab, question, case)
