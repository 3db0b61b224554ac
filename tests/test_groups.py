"""A kernel's control group counts what a watch over processes cannot see; where there is none, less is held."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from grader.model import Limits
from grader.sandbox.walls import groups
from grader.sandbox.walls.groups import Group, group, made, places, sweep
from grader.sandbox.walls.unmapped import DESCRIPTOR, DESCRIPTORS, unmapped

real = pytest.mark.skipif(groups.why_none() is not None, reason=f"no control groups here: {groups.why_none()}")
SMALL = Limits(memory=64 * 1024**2, disk=0, processes=40)
MEMFD = "import os\nf = os.memfd_create('m')\nfor _ in range(4000): os.write(f, b'x' * 2**20)\nprint('held')"
SOCKETS = """
from socket import socketpair
pairs = []
for _ in range(6000):
    pairs.append(socketpair())
    pairs[-1][0].setblocking(False)
    try:
        while True: pairs[-1][0].send(b'x' * 200_000)
    except BlockingIOError: pass
print('held')
"""
SPIN = "while True: pass"


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_in_version_1_each_controller_has_a_hierarchy_of_its_own(tmp_path: Path) -> None:
    mount = tree(tmp_path / "m", {"memory/box/tasks": "", "cpu/tasks": "", "pids/tasks": ""})
    own = tree(tmp_path, {"own": "5:devices:/\n4:memory:/box\n3:cpu,cpuacct:/\n2:pids:/\n0::/\n"}) / "own"
    assert places(mount, own) == {"memory": mount / "memory/box", "pids": mount / "pids", "cpu": mount / "cpu"}


def test_in_version_2_the_nearest_group_that_hands_memory_on_is_taken(tmp_path: Path) -> None:
    mount = tree(
        tmp_path / "m",
        {
            "cgroup.controllers": "cpu memory pids",
            "cgroup.subtree_control": "cpu memory pids",
            "user.slice/cgroup.subtree_control": "memory pids",
            "user.slice/session.scope/cgroup.subtree_control": "",
            "user.slice/session.scope/cgroup.procs": "1",
        },
    )
    own = tree(tmp_path, {"own": "0::/user.slice/session.scope\n"}) / "own"
    assert places(mount, own) == dict.fromkeys(("memory", "pids"), mount / "user.slice")


def test_a_delegated_group_of_ours_alone_is_made_to_hand_memory_on(tmp_path: Path) -> None:
    scope = "user.slice/run.scope"
    mount = tree(
        tmp_path / "m",
        {
            "cgroup.controllers": "",
            f"{scope}/cgroup.controllers": "memory pids",
            f"{scope}/cgroup.subtree_control": "",
            f"{scope}/cgroup.procs": f"{os.getpid()}\n",
        },
    )
    own = tree(tmp_path, {"own": f"0::/{scope}\n"}) / "own"
    places(mount, own)
    assert (mount / scope / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert (mount / scope / "grader/cgroup.procs").read_text() == str(os.getpid())


@pytest.mark.parametrize("own", ["0::/../../elsewhere\n", "", "nonsense", "4:memory:/not there\n"])
def test_where_there_is_no_place_for_one_nothing_is_made(own: str, tmp_path: Path) -> None:
    assert places(tmp_path / "m", tree(tmp_path, {"own": own}) / "own") == {}


def test_without_a_group_a_command_runs_as_it_is() -> None:
    done = subprocess.run(Group().entering(["echo", "a b"]), capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("a b\n", "")


def test_groups_of_a_grader_that_is_gone_are_removed_and_no_others(tmp_path: Path) -> None:
    gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    for name in (f"{groups.PREFIX}{gone}-1", f"{groups.PREFIX}{os.getpid()}-1", "another"):
        (tmp_path / name).mkdir()
    sweep([tmp_path])
    assert {entry.name for entry in tmp_path.iterdir()} == {f"{groups.PREFIX}{os.getpid()}-1", "another"}


@real
@pytest.mark.parametrize("hoard", [MEMFD, SOCKETS])
def test_what_no_process_has_mapped_is_counted_and_told(hoard: str) -> None:
    mine = made(SMALL, places())
    try:
        command = ["prlimit", "--nofile=20000", sys.executable, "-c", hoard]
        done = subprocess.run(mine.entering(command), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == -signal.SIGKILL and "held" not in done.stdout and mine.out_of_memory
    finally:
        mine.remove()
    assert not any(folder.exists() for folder in mine.folders)


@real
@pytest.mark.skipif("cpu" not in groups.places(), reason="no control of processors here")
def test_a_kernel_of_many_processes_gets_no_more_of_the_processors_than_one_of_a_single_process() -> None:
    many, one = group(Limits()), group(Limits())
    command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), sys.executable, "-S", "-c", SPIN]
    running = [subprocess.Popen(many.entering(command)) for _ in range(12)] + [subprocess.Popen(one.entering(command))]
    try:
        time.sleep(3)
        *theirs, own = [sum(psutil.Process(process.pid).cpu_times()[:2]) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
        many.remove()
        one.remove()
    assert own > sum(theirs) / 3


def test_where_no_group_counts_them_open_files_are_counted_at_what_they_may_hold() -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", "import os; p = [os.pipe() for _ in range(800)]; print(flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        assert unmapped([os.getpid()], 1024) == 0
        assert unmapped([holder.pid], 1024) > (1600 - DESCRIPTORS) * DESCRIPTOR
    finally:
        holder.kill()
        holder.communicate()
