"""Which system calls a container may make: Docker's default list, smaller where tasks need no more. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.disk.quota import SET_ATTRIBUTES, SET_FLAGS, SET_FLAGS_32
from dcos_runtime.agent.isolators.base import Document, Isolator

EPERM, ENOSYS = 1, 38

NEW_NAMESPACES = 0x7E020000
"""Flags of clone(2) for namespaces of every kind; a user namespace would open most of what is closed here."""

FAMILIES = {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16, "packet": 17}
"""Kinds of sockets; no AF_ALG, AF_VSOCK, nor protocols that a cluster's tasks do not speak. (A program for 32-bit x86
may ask through socketcall(2), whose arguments cannot be seen.)"""

PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)

ARCHITECTURES = {
    "x86_64": ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86"),
    "aarch64": ("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
    "ppc64le": ("SCMP_ARCH_PPC64LE",),
    "riscv64": ("SCMP_ARCH_RISCV64",),
}
"""By the machine's name, its own and the 32 bits that it also runs. A call of any other kind, such as x32, kills the
process: nobody uses these, and each kind would cost milliseconds a launch.
"""

OF_MACHINE = {
    "x86_64": "arch_prctl modify_ldt",
    "aarch64": "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2",
    "ppc64le": "swapcontext sync_file_range2",
    "riscv64": "riscv_flush_icache",
}

ALLOWED = """
_llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32
clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1
epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit
exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown
fchown32 fchownat fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64
fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv
futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid
geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority
getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid
gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set ipc
kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat listen
listmount listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack
membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect
mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink
mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat open
openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll
ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6
pselect6_time64 ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg
recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2 restart_syscall
riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64
sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop
semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area
set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid
setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid
setsockopt setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4
sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync
sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat
utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev
"""
"""What every container may call. ptrace(2) and process_vm_readv(2) reach its own processes only, and since Linux 4.8
there is no way around this list by them."""

BY_CAPABILITY = {
    "CAP_BPF": "bpf",
    "CAP_DAC_READ_SEARCH": "open_by_handle_at",
    "CAP_LEASE": "fcntl fcntl64",
    "CAP_PERFMON": "perf_event_open",
    "CAP_SYS_ADMIN": """bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
        lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd
        setdomainname sethostname setns syslog umount umount2 unshare""",
    "CAP_SYS_BOOT": "reboot",
    "CAP_SYS_CHROOT": "chroot",
    "CAP_SYS_MODULE": "delete_module finit_module init_module",
    "CAP_SYS_NICE": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "CAP_SYS_PACCT": "acct",
    "CAP_SYS_PTRACE": "kcmp pidfd_getfd process_madvise",
    "CAP_SYS_RAWIO": "ioperm iopl",
    "CAP_SYS_TIME": "clock_settime clock_settime64 settimeofday stime",
    "CAP_SYS_TTY_CONFIG": "vhangup",
    "CAP_SYSLOG": "syslog",
}
"""What comes with a capability that the container may hold."""


CHANGE_PROJECTS = (SET_ATTRIBUTES, SET_FLAGS, SET_FLAGS_32)
"""The ioctl(2)s by which the owner of a file moves it to another project, and so into another quota."""


class SeccompIsolator(Isolator):
    """``machine``: its kind, as uname(2) names it. ``fixed_projects``: the file system counts what a container's
    project takes, and it may not leave that.
    """

    def __init__(self, machine: str, *, fixed_projects: bool) -> None:
        self._machine = machine
        self._fixed_projects = fixed_projects

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        if spec.privileged:
            return
        bounding = spec.process.capabilities.bounding
        document["linux"]["seccomp"] = profile(self._machine, bounding, self._fixed_projects)


def profile(machine: str, capabilities: Iterable[str], fixed_projects: bool = False) -> dict[str, Any]:
    """``linux.seccomp`` for a container that may hold ``capabilities`` (``CAP_…``).

    ``fixed_projects``: it may not change the project and the flags of files. A call without a rule fails with EPERM.
    Raises ``ValueError`` for a machine whose calls are not known.
    """
    if machine not in ARCHITECTURES:
        raise ValueError(f"no system call filter is known for machines of the kind {machine}")
    held = set(capabilities)
    names = set(ALLOWED.split()) | set(OF_MACHINE[machine].split())
    for capability in held & BY_CAPABILITY.keys():
        names |= set(BY_CAPABILITY[capability].split())
    if fixed_projects:
        names.discard("ioctl")
    rules: list[dict[str, Any]] = [{"names": sorted(names), "action": "SCMP_ACT_ALLOW"}]
    rules += [_allowed_with("socket", _equal(family)) for family in FAMILIES.values()]
    rules += [_allowed_with("personality", _equal(value)) for value in PERSONALITIES]
    if "fcntl" not in names:
        rules += [_allowed_with(name, differs) for name in ("fcntl", "fcntl64") for differs in _NO_LEASE]
    if fixed_projects:
        rules += [_allowed_with("ioctl", _prefixed(*prefix)) for prefix in all_but(CHANGE_PROJECTS)]
    if "clone" not in names:
        rules.append(_allowed_with("clone", _none_of(NEW_NAMESPACES)))
        # Its flags are in memory, which a filter cannot read. A program that gets ENOSYS uses clone instead.
        rules.append({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS})
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": EPERM,
        "architectures": list(ARCHITECTURES[machine]),
        "syscalls": rules,
    }


def all_but(values: Iterable[int], prefix: int = 0, length: int = 0) -> Iterator[tuple[int, int]]:
    """Every number of 32 bits except ``values``, as few masks with their results: a filter cannot express "not one of
    these".
    """
    inside = [value for value in values if value >> (32 - length) == prefix >> (32 - length)]
    if not inside:
        yield (2**32 - 1) ^ (2 ** (32 - length) - 1), prefix
    elif length < 32:
        yield from all_but(inside, prefix, length + 1)
        yield from all_but(inside, prefix | 1 << (31 - length), length + 1)


def _allowed_with(name: str, argument: dict[str, Any]) -> dict[str, Any]:
    return {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [argument]}


def _bits(index: int, mask: int, value: int) -> dict[str, Any]:
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


def _equal(value: int) -> dict[str, Any]:
    return {"index": 0, "value": value, "op": "SCMP_CMP_EQ"}


def _prefixed(mask: int, value: int) -> dict[str, Any]:
    """By the lower half of the second argument; the kernel ignores the upper half."""
    return {"index": 1, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


def _none_of(flags: int) -> dict[str, Any]:
    return _bits(0, flags, 0)


F_SETLEASE = 1024

_NO_LEASE = [_bits(1, F_SETLEASE, 0), *(_bits(1, 1 << bit, 1 << bit) for bit in range(6))]
"""Any command of fcntl(2) except F_SETLEASE, which would make others wait for the task when they open a file. A filter
could not simply compare with one number: it sees 64 bits, of which the kernel uses 32.
"""
