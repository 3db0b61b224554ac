"""What Landlock promises where bubblewrap is missing, tried from inside."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from grader.commands import doctor
from grader.errors import UsageError
from grader.model import Isolation
from grader.sandbox.walls import jail, landlock
from grader.sandbox.walls.isolation import best_isolation, insist_on_isolation, run_jailed, why_not_jailed
from grader.sandbox.walls.leftovers import remove

why = why_not_jailed(Isolation.LANDLOCK)
pytestmark = pytest.mark.skipif(why is not None, reason=str(why))
PROJECT = Path(__file__).resolve().parents[1]
TRIED = """
import ctypes, errno, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def tried(deed, *words, **more):
    try:
        deed(*words, **more)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return 'done'
def call(name, *words):
    return 'done' if getattr(libc, name)(*words) >= 0 else errno.errorcode[ctypes.get_errno()]
"""


def seen_from_inside(expression: str, setup: str = "") -> object:
    done = run_jailed(f"{TRIED}{textwrap.dedent(setup)}\nprint(json.dumps({expression}))", level=Isolation.LANDLOCK)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder in which everybody may do everything."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o711)
    tmp_path.chmod(0o777)
    (tmp_path / "lab1.ipynb").write_text("{}")
    (tmp_path / "lab1.ipynb").chmod(0o666)
    return tmp_path


@pytest.fixture
def neighbour() -> Iterator[subprocess.Popen[bytes]]:
    """A process that the kernel's uid may signal, read and trace as far as ownership goes."""
    uid = jail.uid_of(0)
    with subprocess.Popen(["/bin/sleep", "60"], user=uid, group=uid, env={"SECRET": "kept"}) as process:
        yield process
        process.kill()


def test_answers_rubrics_our_code_and_other_work_cannot_be_opened(outside: Path):
    hidden = [
        *(str(PROJECT / name) for name in ("reference/lab1_warmup.py", "rubrics/lab1_warmup.yaml", "pyproject.toml")),
        *(str(PROJECT / name) for name in ("grader/pipeline.py", "grader/sandbox/walls/landlock.py", "grader/sandbox")),
        *(str(PROJECT / name) for name in ("reference", "rubrics", "tests", "assignments")),
        str(outside), str(outside / "lab1.ipynb"), str(Path.home()), "/tmp", "/home", "/var", "/proc", "/etc/shadow",
    ]  # fmt: skip
    opened = seen_from_inside(f"[p for p in {hidden} if tried(os.open, p, os.O_RDONLY) == 'done']")
    assert opened == []
    assert seen_from_inside(f"tried(open, {str(jail.GUEST / 'start.py')!r})") == "done"


def test_our_packages_cannot_be_imported_even_where_they_are_installed():
    setup = """
    def importable(name):
        try:
            __import__(name)
        except ImportError:
            return False
        return True
    """
    names = ["grader.model", "reference.lab1_warmup", "rubrics.x", "reports.words", "assignments.x", "msgspec"]
    assert seen_from_inside(f"[n for n in {names} if importable(n)]", setup) == ["msgspec"]


def test_a_folder_with_ours_in_it_is_shown_without_it(tmp_path: Path):
    site = tmp_path / "lib" / "site-packages"
    for name in ("grader", "reference", "numpy"):
        (site / name).mkdir(parents=True)
        (site / name / "code.py").touch()
    rules = dict(landlock.without((site / "grader", site / "reference"), tmp_path))
    may_read = {Path(path).name for path, access in rules.items() if access & landlock.confine.READ_FILE}
    assert may_read == {"numpy"}


def test_only_the_kernels_own_folders_can_be_written(outside: Path):
    setup = """
    def writable(folder):
        return tried(open, os.path.join(folder, 'x'), 'w') == 'done'
    """
    folders = ["/", "/etc", "/usr", "/dev", "/dev/shm", "/tmp", "/var/tmp", str(outside), str(PROJECT)]
    found = (
        f"[f for f in {folders} + [sys.argv[1], sys.prefix, os.environ['HOME'], os.environ['TMPDIR']] if writable(f)]"
    )
    written = seen_from_inside(found, setup)
    assert isinstance(written, list)
    assert [Path(folder).name for folder in written] == ["home", "tmp"]


def test_what_others_have_is_not_changed_removed_or_taken_over(outside: Path):
    file = outside / "lab1.ipynb"
    os.chown(file, *(2 * [jail.uid_of(0) or os.getuid()]))
    before = file.stat()
    deeds = f"""
    f = {str(file)!r}
    deeds = [tried(open, f, 'a'), tried(os.truncate, f, 0), tried(os.remove, f), tried(os.rename, f, f + '2'),
             tried(os.link, f, os.environ['HOME'] + '/mine'), tried(os.symlink, '/', f + '3')]
    for deed in (lambda: os.chmod(f, 0), lambda: os.utime(f, (0, 0)), lambda: os.setxattr(f, 'user.x', b'y')):
        tried(deed)
    """
    assert "done" not in seen_from_inside("deeds", deeds)
    after = file.stat()
    assert (after.st_mode, after.st_mtime, after.st_size) == (before.st_mode, before.st_mtime, before.st_size)
    assert os.listxattr(file) == [] and sorted(p.name for p in outside.iterdir()) == ["lab1.ipynb"]


def test_no_connection_leaves_by_any_kind_of_socket(outside: Path):
    setup = f"""
    def reached(family, kind, protocol, address):
        def deed():
            with socket.socket(family, kind, protocol) as s:
                s.settimeout(2)
                s.sendto(b'x', address) if kind == socket.SOCK_DGRAM else s.connect(address)
        return tried(deed) == 'done'
    def through_a_pair(address):
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        here.sendto(b'x', address)
    named, datagrams = {str(outside / "s")!r}, {str(outside / "d")!r}
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams,
    ):
        udp.bind(("127.0.0.1", 0))
        datagrams.bind(str(outside / "d"))
        for server, address in ((abstract, "\0grader-test-landlock"), (named, str(outside / "s"))):
            server.bind(address)
            server.listen()
        for name in "sd":
            (outside / name).chmod(0o777)
        there, port = ("127.0.0.1", tcp.getsockname()[1]), udp.getsockname()[1]
        ways = {
            "TCP": f"reached(socket.AF_INET, socket.SOCK_STREAM, 0, {there})",
            "MPTCP": f"reached(socket.AF_INET, socket.SOCK_STREAM, 262, {there})",
            "TCP over IPv6": f"reached(socket.AF_INET6, socket.SOCK_STREAM, 0, ('::ffff:127.0.0.1', {there[1]}))",
            "UDP": f"reached(socket.AF_INET, socket.SOCK_DGRAM, 0, ('127.0.0.1', {port}))",
            "abstract": "reached(socket.AF_UNIX, socket.SOCK_STREAM, 0, '\\0grader-test-landlock')",
            "named": "reached(socket.AF_UNIX, socket.SOCK_STREAM, 0, named)",
            "datagram": "reached(socket.AF_UNIX, socket.SOCK_DGRAM, 0, datagrams)",
            "pair": "tried(through_a_pair, datagrams) == 'done'",
            "listening": "tried(lambda: socket.create_server(('127.0.0.1', 0))) == 'done'",
        }
        told = ", ".join(f"{way!r}: {question}" for way, question in ways.items())
        assert seen_from_inside(f"{{{told}}}", setup) == dict.fromkeys(ways, False)
        for server in (tcp, abstract, named):
            with socket.socket(server.family) as control:
                control.connect(server.getsockname())


def test_landlock_alone_already_refuses_tcp_abstract_sockets_and_signals():
    """The filter of system calls and the kernel's uid refuse them too; here neither is in force."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0grader-test-alone")
        abstract.listen()
        address = tcp.getsockname()
        program = f"""{TRIED}
from grader.sandbox.walls import confine
def deeds():
    return [
        tried(socket.socket().connect, {address}), tried(socket.socket().bind, ('127.0.0.1', 0)),
        tried(socket.socket(socket.AF_UNIX).connect, '\\0grader-test-alone'), tried(os.kill, os.getppid(), 0),
    ]
free = deeds()
confine.shut_in([])
print(json.dumps([free, deeds()]))
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert json.loads(done.stdout) == [["done"] * 4, ["EACCES", "EACCES", "EPERM", "EPERM"]]


def test_a_process_outside_is_neither_signalled_nor_traced_nor_read(neighbour: subprocess.Popen[bytes]):
    pid = neighbour.pid
    setup = f"""
    import resource
    deeds = {{
        'signal': tried(os.kill, {pid}, 15), 'parent': tried(os.kill, os.getppid(), 9),
        'ptrace': call('ptrace', 16, {pid}, 0, 0),
        'environ': tried(open, '/proc/{pid}/environ'), 'mem': tried(open, '/proc/{pid}/mem', 'rb'),
        'limits': tried(resource.prlimit, {pid}, resource.RLIMIT_CPU, (1, 1)),
        'priority': tried(os.setpriority, os.PRIO_PROCESS, {pid}, 19),
    }}
    """
    found = seen_from_inside("deeds", setup)
    assert isinstance(found, dict) and set(found.values()) <= {"EPERM", "EACCES"}, found
    assert neighbour.poll() is None


def test_nothing_can_be_left_in_the_machines_memory_or_queues_and_nobodys_files_watched():
    setup = """
    calls = [call('shmget', 1234, 4096, 0o1666), call('msgget', 1234, 0o1666), call('semget', 1234, 1, 0o1666),
             call('mq_open', b'/grader-test', 0o100, 0o666, None), call('inotify_init1', 0)]
    """
    assert seen_from_inside("calls", setup) == ["EPERM"] * 5


def test_a_fork_bomb_stops_at_the_limit_of_processes():
    setup = """
    import time
    def bomb():
        children = []
        try:
            while len(children) < 5000:
                pid = os.fork()
                if pid == 0:
                    time.sleep(60)
                    os._exit(0)
                children.append(pid)
        except OSError:
            return len(children)
    """
    most = 256 if os.geteuid() == 0 else 256 * landlock.KERNELS_AT_ONCE
    stopped = seen_from_inside("bomb()", setup)
    assert isinstance(stopped, int) and stopped <= most


def test_the_process_has_no_right_but_to_find_its_interpreter_and_no_environment_of_ours(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("GRADER_SECRET", "blind test labels")
    status = seen_from_inside("open('/proc/self/status').read()")
    assert isinstance(status, str)
    rights = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    assert int(rights, 16) in (0, 1 << 2)  # CAP_DAC_READ_SEARCH
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert "GRADER_SECRET" not in seen_from_inside("list(os.environ)")
    assert seen_from_inside("os.getuid()") == (jail.uid_of(0) or os.geteuid())


LEAVES = "import subprocess; subprocess.Popen(['/bin/sleep', {mark!r}], start_new_session=True, env={{}})"


def running(mark: str) -> list[int]:
    return [p.pid for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["/bin/sleep", mark]]


def test_what_a_kernel_leaves_running_ends_with_it():
    assert run_jailed(LEAVES.format(mark="3456"), level=Isolation.LANDLOCK).returncode == 0
    assert running("3456") == []


def test_nothing_goes_on_when_the_grader_itself_is_killed():
    inner = LEAVES.format(mark="3457") + "; import time; time.sleep(600)"
    program = f"""
from grader.model import Isolation
from grader.sandbox.walls.isolation import run_jailed
run_jailed({inner!r}, 600, Isolation.LANDLOCK)
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT) as grader:
        wait_until(lambda: running("3457") != [])
        grader.kill()
    wait_until(lambda: running("3457") == [])


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_landlock_is_chosen_where_bubblewrap_is_not_to_be_had_and_a_batch_needs_no_flag():
    chosen = best_isolation((Isolation.LANDLOCK,))
    assert chosen is Isolation.LANDLOCK
    insist_on_isolation(chosen, 50, allowed=False)
    assert best_isolation(()) is Isolation.NONE
    with pytest.raises(UsageError, match="--allow-unisolated"):
        insist_on_isolation(Isolation.NONE, 50, allowed=False)


def test_without_bubblewrap_the_doctor_names_landlock_and_what_would_be_better(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    why_not_jailed.cache_clear()
    try:
        assert doctor.isolation() == (
            "isolation",
            True,
            "landlock works; a fuller jail is missing: bubblewrap cannot be started (bwrap); "
            "install it, for example with: apt install bubblewrap.",
        )
    finally:
        why_not_jailed.cache_clear()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_folder_that_was_shut_by_the_notebook_is_removed_all_the_same(outside: Path):
    mine, uid = outside / "mine", jail.uid_of(0)
    assert uid is not None
    mine.mkdir()
    os.chown(mine, uid, uid)
    child = os.fork()
    if child == 0:
        os.setuid(uid)
        (mine / "a" / "b").mkdir(parents=True)
        (mine / "a").chmod(0)
        remove(mine)
        os._exit(0)
    os.waitpid(child, 0)
    assert not mine.exists()
