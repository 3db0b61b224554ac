"""The oracle's process may die or be killed; no notebook waits for an answer that never comes."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import psutil
import pytest

from grader.errors import OurFault
from grader.judging.oracle import Oracle

pytestmark = pytest.mark.usefixtures("kernel")

CASE = {"x": np.zeros(1)}


def killed(oracle: Oracle) -> None:
    for process in oracle._processes:
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join(10)


def test_after_its_process_was_killed_the_oracle_answers_all_the_same() -> None:
    with Oracle() as oracle:
        before = oracle("lab1_warmup", "values", CASE)
        killed(oracle)
        assert oracle("lab1_warmup", "values", CASE).keys() == before.keys()
        after = oracle("lab1_warmup", "values", {"x": np.ones(1)})
        assert after.keys() == before.keys()


class Mortal(Oracle):
    """Its process dies again as soon as it is begun again."""

    def _begin_again(self, broken: ProcessPoolExecutor) -> None:
        super()._begin_again(broken)
        killed(self)


def test_when_it_dies_twice_the_grader_says_so_at_once() -> None:
    with Mortal() as oracle:
        killed(oracle)
        with pytest.raises(OurFault, match="died twice at lab1_warmup"):
            oracle("lab1_warmup", "values", CASE)


def test_ctrl_c_does_not_reach_it() -> None:
    with Oracle() as oracle:
        oracle("lab1_warmup", "values", CASE)
        for process in oracle._processes:
            os.kill(process.pid or 0, signal.SIGINT)
        time.sleep(0.3)
        assert all(process.is_alive() for process in oracle._processes)


def test_nothing_is_left_of_it_when_it_is_closed() -> None:
    with Oracle() as oracle:
        processes = [psutil.Process(process.pid) for process in oracle._processes]
        assert len(processes) == 1
    # not `is_alive`: that says yes while the pool's own thread is fetching the end of the process
    assert psutil.wait_procs(processes, timeout=10)[1] == []


def test_it_ends_with_a_grader_that_is_killed() -> None:
    program = "from grader.judging.oracle import Oracle; o = Oracle(); print('begun', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as grader:
        assert grader.stdout and grader.stdout.readline() == b"begun\n"
        children = psutil.Process(grader.pid).children(recursive=True)
        grader.kill()
    assert len(children) >= 1
    assert psutil.wait_procs(children, timeout=60)[1] == []
