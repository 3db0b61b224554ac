"""What the jail promises, tried from inside."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox.walls import hiding, jail
from grader.sandbox.walls.isolation import why_not_jailed
from grader.sandbox.walls.jail import Places

pytestmark = pytest.mark.skipif(why_not_jailed() is not None, reason=str(why_not_jailed()))
PROJECT = Path(__file__).resolve().parents[1]


Seen = Callable[..., Any]


@pytest.fixture
def seen_from_inside(inside: Callable[[str], str]) -> Seen:
    def seen(expression: str, setup: str = "") -> Any:
        return json.loads(inside(f"import json, os, sys\n{textwrap.dedent(setup)}\nprint(json.dumps({expression}))"))

    return seen


def test_nothing_of_the_project_can_be_read(seen_from_inside: Seen):
    setup = f"""
    found = []
    for top in ({str(PROJECT)!r}, '/data', '/tmp', '/home', '/root', '/var', '/srv', '/opt', '/mnt'):
        for here, _, files in os.walk(top):
            if not here.startswith((sys.prefix, sys.base_prefix)):
                found += [os.path.join(here, f) for f in files if os.access(os.path.join(here, f), os.R_OK)]
    """
    assert seen_from_inside("found", setup) == []


def test_our_packages_cannot_be_imported_even_where_they_are_installed(seen_from_inside: Seen):
    setup = """
    import importlib.util
    names = ['grader', 'reference', 'rubrics', 'reports', 'assignments']
    def importable(name):
        spec = importlib.util.find_spec(name)
        return spec is not None and spec.origin is not None
    """
    assert seen_from_inside("[n for n in names if importable(n)]", setup) == []


def test_an_installed_copy_and_an_editable_install_are_found_and_covered(tmp_path: Path):
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("grader", "reference", "rubrics", "reports", "grader-0.1.0.dist-info", "numpy"):
        (site / name).mkdir(parents=True)
    (site / "__editable__.grader-0.1.0.pth").write_text("anything")
    (site / "other.pth").write_text(str(PROJECT))
    covered = {path.name for path in hiding.covered(tmp_path)}
    assert covered == {
        "grader", "reference", "rubrics", "reports",
        "grader-0.1.0.dist-info", "__editable__.grader-0.1.0.pth", "other.pth",
    }  # fmt: skip


def test_processes_outside_are_neither_seen_nor_signalled(seen_from_inside: Seen):
    setup = f"""
    def signalled():
        try:
            os.kill({os.getpid()}, 0)
        except OSError:
            return False
        return True
    """
    assert seen_from_inside("signalled()", setup) is False
    assert seen_from_inside("sorted(int(p) for p in os.listdir('/proc') if p.isdigit())[-1] < 20") is True


def test_no_connection_leaves_the_jail(seen_from_inside: Seen):
    setup = """
    import socket
    def reaches(family, address):
        with socket.socket(family) as s:
            s.settimeout(2)
            try:
                s.connect(address)
            except OSError:
                return False
            return True
    """
    listener = socket.create_server(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0grader-test-abstract")
    abstract.listen()
    with listener, abstract:
        threading.Thread(target=listener.accept, daemon=True).start()
        port = listener.getsockname()[1]
        assert seen_from_inside(f"reaches(socket.AF_INET, ('127.0.0.1', {port}))", setup) is False
        assert seen_from_inside("reaches(socket.AF_INET, ('1.1.1.1', 53))", setup) is False
        assert seen_from_inside("reaches(socket.AF_UNIX, '\\0grader-test-abstract')", setup) is False
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_only_home_tmp_and_the_shared_folder_can_be_written(seen_from_inside: Seen):
    setup = """
    def writable(folder):
        try:
            with open(os.path.join(folder, 'x'), 'w') as f:
                f.write('x')
        except OSError:
            return False
        return True
    folders = ['/', '/data', '/etc', '/usr', '/usr/lib', '/guest', '/dev', '/root', sys.prefix, sys.base_prefix,
               '/home/student', '/content', '/tmp', '/dev/shm']
    """
    written = seen_from_inside("[f for f in folders if writable(f)]", setup)
    assert written == ["/home/student", "/content", "/tmp", "/dev/shm"]


@pytest.mark.parametrize("folder", ["/home/student", "/tmp", "/dev/shm"])
def test_a_full_disk_is_the_jails_own(seen_from_inside: Seen, folder: str):
    """Two files, each below the limit of one file: what stops them is the size of the place."""
    setup = f"""
    def fill():
        try:
            for name in ('one', 'two'):
                with open('{folder}/' + name, 'wb') as f:
                    for _ in range(300):
                        f.write(bytes(1 << 20))
        except OSError as error:
            return error.errno
    import errno
    """
    assert seen_from_inside("fill() == errno.ENOSPC", setup) is True


def test_a_fork_bomb_stops_at_the_limit_of_processes(seen_from_inside: Seen):
    setup = """
    import time
    children = []
    def bomb():
        try:
            while True:
                pid = os.fork()
                if pid == 0:
                    time.sleep(60)
                    os._exit(0)
                children.append(pid)
        except OSError:
            return len(children)
    """
    assert seen_from_inside("bomb()", setup) <= 256


def test_the_jailed_process_has_no_capability_and_no_environment_of_ours(
    seen_from_inside: Seen, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GRADER_SECRET", "blind test labels")
    status = seen_from_inside("open('/proc/self/status').read()")
    assert isinstance(status, str)
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "GRADER_SECRET" not in seen_from_inside("list(os.environ)")
    assert seen_from_inside("os.getuid()") == (jail.uid_of(0) or os.geteuid())


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has one uid")
def test_two_graders_at_work_give_their_kernels_different_uids():
    asked = "from grader.sandbox.walls import jail; print(jail.uid_of(0))"
    mine = jail.uid_of(0)
    other = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert mine is not None and abs(int(other.stdout) - mine) >= 100


def test_a_lock_on_the_courses_data_stops_no_one_who_reads_them(tmp_path: Path):
    """Inodes are shared between jails, and so are locks; h5py would refuse a file that a neighbour has locked."""
    reads = "import h5py, sys; print(h5py.File(sys.argv[1], 'r')['x'][()])"
    file = tmp_path / "weights.h5"
    places = Places(guest="/", data="/", home=str(tmp_path), sockets="/")
    subprocess.run([sys.executable, "-c", f"import h5py; h5py.File({str(file)!r}, 'w')['x'] = 7"], check=True)
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        environment, command = jail.environment(places), [sys.executable, "-c", reads, str(file)]
        read = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        del environment["HDF5_USE_FILE_LOCKING"]
        refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert read.stdout == "7\n" and "unable to lock file" in refused.stderr
