"""Which system calls a jailed kernel may not make; what no notebook needs and escapes are made of."""

import errno
from typing import IO, Any

from grader.model import Isolation

REFUSED = (
    "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd "
    "keyctl add_key request_key "
    "mount umount2 move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr pivot_root chroot unshare setns "
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register "
    "open_by_handle_at name_to_handle_at fanotify_init "
    "kexec_load kexec_file_load init_module finit_module delete_module "
    "acct quotactl reboot swapon swapoff syslog settimeofday clock_settime clock_adjtime adjtimex "
    "sethostname setdomainname vhangup lookup_dcookie iopl ioperm modify_ldt"
).split()

# Of <linux/sched.h>: clone() with any of these makes a namespace.
NAMESPACES = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)

# Of <sys/socket.h>: UNIX, INET, INET6, NETLINK stay; libzmq aborts without them, and no network lies behind them.
FAMILIES_KEPT = (1, 2, 10, 16)
FAMILIES = 46
NETLINK, NETLINK_ROUTE = 16, 0

TIOCSTI = 0x5412  # pushes characters into a terminal

# Without namespaces only. Queues and memory that outlive their processes, and names of files that others make.
SHARED = (
    "shmget shmat semget msgget msgsnd msgrcv mq_open mq_unlink inotify_init inotify_init1 setpriority ioprio_set"
).split()
# What Landlock lets pass on any file of the same user; done without effect, since honest code copies modes and times.
IDLE = (
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat "
    "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"
).split()
UNIX, INTERNET, STREAM, KIND = 1, (2, 10), 1, 0xF


def write_filter(file: IO[bytes], isolation: Isolation = Isolation.BUBBLEWRAP) -> None:
    """Write the filter as bubblewrap's --seccomp reads it; under Landlock it does what namespaces would."""
    import pyseccomp  # noqa: PLC0415 - Linux only, and needs libseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    _refuse_ways_out(rules)
    if isolation is Isolation.LANDLOCK:
        _stand_in_for_namespaces(rules)
    rules.export_bpf(file)
    file.seek(0)


def _refuse_ways_out(rules: Any) -> None:
    import pyseccomp  # noqa: PLC0415

    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        rules.add_rule(refuse, name)
    # Its flags lie in memory where a filter cannot look; without it, libc falls back to clone().
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    # Memory without a name, which no watch over processes sees as long as it is not mapped; code falls back to files.
    for name in ("memfd_create", "memfd_secret"):
        rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), name)
    for flag in NAMESPACES:
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    for family in set(range(FAMILIES)) - set(FAMILIES_KEPT):
        rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.EQ, family))
    rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.GE, FAMILIES))
    rules.add_rule(
        refuse, "socket", pyseccomp.Arg(0, pyseccomp.EQ, NETLINK), pyseccomp.Arg(2, pyseccomp.NE, NETLINK_ROUTE)
    )
    rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.EQ, TIOCSTI))


def _stand_in_for_namespaces(rules: Any) -> None:
    """No way to any network, nor to a socket with a name, such as the user's session bus, which starts programs."""
    import pyseccomp  # noqa: PLC0415

    refuse, unreachable, pretend = (pyseccomp.ERRNO(number) for number in (errno.EPERM, errno.ENETUNREACH, 0))
    for name in SHARED:
        rules.add_rule(refuse, name)
    for name in IDLE:
        rules.add_rule(pretend, name)
    rules.add_rule(refuse, "prlimit64", pyseccomp.Arg(0, pyseccomp.NE, 0))  # of another process
    rules.add_rule(unreachable, "connect")
    for family in INTERNET:
        rules.add_rule(unreachable, "socket", pyseccomp.Arg(0, pyseccomp.EQ, family))
    for kind in range(STREAM + 1, KIND + 1):  # a datagram finds its way without connect()
        for name in ("socket", "socketpair"):
            rules.add_rule(
                refuse, name, pyseccomp.Arg(0, pyseccomp.EQ, UNIX), pyseccomp.Arg(1, pyseccomp.MASKED_EQ, KIND, kind)
            )
