"""Which system calls a jailed kernel may not make; what no notebook needs and escapes are made of."""

import errno
from typing import IO

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


def write_filter(file: IO[bytes]) -> None:
    """Write the filter as bubblewrap's --seccomp wants it."""
    import pyseccomp  # noqa: PLC0415 - Linux only, and needs libseccomp

    refuse = pyseccomp.ERRNO(errno.EPERM)
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in REFUSED:
        rules.add_rule(refuse, name)
    # Its flags lie in memory where a filter cannot look; without it, libc falls back to clone().
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    for flag in NAMESPACES:
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    for family in set(range(FAMILIES)) - set(FAMILIES_KEPT):
        rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.EQ, family))
    rules.add_rule(refuse, "socket", pyseccomp.Arg(0, pyseccomp.GE, FAMILIES))
    rules.add_rule(
        refuse, "socket", pyseccomp.Arg(0, pyseccomp.EQ, NETLINK), pyseccomp.Arg(2, pyseccomp.NE, NETLINK_ROUTE)
    )
    rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.EQ, TIOCSTI))
    rules.export_bpf(file)
