"""Which system calls the filter refuses, tried from inside the jail."""

from collections.abc import Callable

import pytest

from grader.sandbox.walls.isolation import why_not_jailed

pytestmark = pytest.mark.skipif(why_not_jailed() is not None, reason=str(why_not_jailed()))

CALL = """
import ctypes, ctypes.util, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    result = getattr(libc, name)(*args)
    return 'done' if result >= 0 else errno.errorcode[ctypes.get_errno()]
"""


@pytest.fixture
def from_inside(inside: Callable[[str], str]) -> Callable[[str], str]:
    return lambda program: inside(CALL + program)


@pytest.mark.parametrize(
    "call",
    [
        "call('ptrace', 0, 0, 0, 0)",
        "call('unshare', 0x10000000)",
        "call('unshare', 0x00020000)",
        "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)",
        "call('chroot', b'/tmp')",
        "call('syscall', 321, 0, 0, 0)",  # bpf
        "call('syscall', 298, 0, 0, 0, 0, 0)",  # perf_event_open
        "call('syscall', 250, 0, 0, 0, 0, 0)",  # keyctl
        "call('syscall', 425, 1, 0)",  # io_uring_setup
        "call('syscall', 56, 0x10000011, 0, 0, 0, 0)",  # clone with CLONE_NEWUSER
        "call('ioctl', 0, 0x5412, b'x')",  # TIOCSTI
    ],
)
def test_what_escapes_are_made_of_is_refused(call: str, from_inside: Callable[[str], str]):
    assert from_inside(f"print({call})") == "EPERM"


def test_sockets_of_other_families_are_refused_and_those_zeromq_needs_are_not(from_inside: Callable[[str], str]):
    program = """
import socket
def made(family, kind=socket.SOCK_STREAM, protocol=0):
    try:
        socket.socket(family, kind, protocol).close()
    except OSError as error:
        return errno.errorcode[error.errno]
    return 'made'
print(made(socket.AF_UNIX), made(socket.AF_INET), made(socket.AF_INET6), made(socket.AF_NETLINK, socket.SOCK_RAW))
print(made(socket.AF_VSOCK), made(socket.AF_PACKET), made(socket.AF_ALG), made(socket.AF_NETLINK, socket.SOCK_RAW, 9))
"""
    kept, refused = from_inside(program).splitlines()
    assert kept == "made made made made"
    assert refused == "EPERM EPERM EPERM EPERM"


def test_threads_and_subprocesses_still_start(from_inside: Callable[[str], str]):
    program = """
import subprocess, sys, threading
t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()
sys.stdout.flush(); subprocess.run(['/bin/echo', 'process'])
"""
    assert from_inside(program).split() == ["thread", "process"]
