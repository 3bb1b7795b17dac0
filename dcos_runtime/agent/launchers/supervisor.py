"""Runs one task beside the agent and keeps its exit status on disk. Started by file path; the standard library only.

``supervisor.py SPEC GO_FD SYNC_FD [TERMINAL]``: forks the task's process, tells the sync pipe ``{"pid": …}``, lets it
run when a byte comes through the go pipe (a closed pipe means the agent died: nothing is run), and waits. TERMINAL: the
path of the process's terminal. Every descendant comes to this process when its parent ends, so none escapes. When the
first process has ended, or when the agent sends the signal `NOW`, the rest is killed. Only then the exit status is
written, to another name that is then renamed. The supervisor is alone in its session, so that it may raise the
session's priority: if it is killed, no other process keeps that priority.
"""

# One such process runs beside every task: pathlib would cost each of them memory.
# ruff: noqa: PTH104, PTH110, PTH116, PTH123, PTH208

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import signal
import sys
import time
from _thread import get_native_id

TYPE_CHECKING = False  # not from `typing`, whose import would delay each task
if TYPE_CHECKING:
    from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PR_SET_CHILD_SUBREAPER = 36
PR_SET_NAME = 15
NOT_STARTED = 255
CANNOT_RUN = 127
STOP_SECONDS = 2.0
"""How long a round may go on stopping processes that fork, before it kills those that it has stopped."""

NOW = signal.SIGINT
"""The signal on which a supervisor kills all its descendants at once. One of a former version ignores it."""

FIRST = -20
"""The nice value of a process that kills."""

AUTOGROUP = "/proc/self/autogroup"
HALF_PAGE = 2048

REAP_SECONDS = 0.2
"""How long it waits for killed processes to end before it looks for more."""

AGAIN_SECONDS = 1.0
"""After how long an exit status that could not be written is written again."""


def main(argv: list[str]) -> int:
    path, go, sync = argv[0], int(argv[1]), int(argv[2])
    with open(path) as file:
        spec = json.load(file)
    os.setsid()
    if os.fork():
        return 0
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    adopt_orphans(b"dcos-supervisor")
    terminal = os.open(argv[3], os.O_RDWR | os.O_NOCTTY) if len(argv) > 3 else None
    child = os.fork()
    if child == 0:
        os.close(sync)
        run(spec, go, terminal)
    if terminal is not None:
        os.close(terminal)
    signal.signal(NOW, kill_now)
    os.close(go)
    write(spec["state"], {"boot": spec["boot"], "supervisor": identity(os.getpid()), "task": identity(child)})
    os.write(sync, json.dumps({"pid": child}).encode() + b"\n")
    os.close(sync)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    status = wait(child)
    end_descendants()
    if status != NOT_STARTED << 8:
        keep(spec["exit"], {"status": status, "ended": time.time()})
    return 0


def adopt_orphans(name: bytes) -> None:
    """Makes this process, under this name, the parent of each descendant whose own parent ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    libc.prctl(PR_SET_NAME, name, 0, 0, 0)


def run(spec: dict[str, Any], go: int, terminal: int | None) -> None:
    """In the child: waits for the byte, then executes the task's command. Never returns."""
    code = NOT_STARTED
    try:
        os.setsid()
        if os.read(go, 1):
            code = CANNOT_RUN
            os.close(go)
            become(spec, terminal)
    except OSError as error:
        os.write(2, f"cannot run {spec['program']}: {error.strerror}\n".encode(errors="surrogateescape"))
    finally:
        os._exit(code)


def become(spec: dict[str, Any], terminal: int | None) -> None:
    if terminal is not None:
        os.login_tty(terminal)
        execute_as(spec)
    stdin = os.open("/dev/null", os.O_RDONLY)
    os.dup2(stdin, 0)
    for descriptor, key in ((1, "stdout"), (2, "stderr")):
        opened = os.open(str(spec[key]), os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        os.dup2(opened, descriptor)
        os.close(opened)
    execute_as(spec)


def execute_as(spec: dict[str, Any], keep: int | None = None) -> None:
    """Executes the command in its folder, as its user, with the streams that are open. ``keep``: a descriptor that
    stays open until then.
    """
    os.chdir(str(spec["cwd"]))  # before the user changes, because that user may not be allowed into the folders above
    if limits := spec.get("rlimits"):
        import resource  # costs memory, and few tasks need it

        for number, soft, hard in limits:
            resource.setrlimit(number, (soft, hard))
    user = spec["user"]
    if user is not None:
        os.setgroups(user["groups"])
        os.setgid(user["gid"])
        os.setuid(user["uid"])
    os.umask(0o022)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.closerange(3, 1 << 16 if keep is None else keep)
    if keep is not None:
        os.closerange(keep + 1, 1 << 16)
    execute(str(spec["program"]), spec["argv"], spec["environment"])


def execute(program: str, argv: list[str], environment: dict[str, str]) -> None:
    """As execvp(3): a file without a name for its interpreter is the shell's."""
    try:
        os.execvpe(program, argv, environment)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    folders = [""] if "/" in program else [folder + "/" for folder in environment.get("PATH", "").split(":")]
    script = next(folder + program for folder in folders if os.access(folder + program, os.X_OK))
    os.execve("/bin/sh", ["/bin/sh", script, *argv[1:]], environment)


def wait(child: int) -> int:
    """The wait status of ``child``, reaping everything else that ends meanwhile."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return status


def kill_now(number: int, frame: object) -> None:
    """Their ends end `wait`, after which all remaining processes are killed."""
    signal.signal(NOW, signal.SIG_IGN)  # a second signal would interrupt this
    with thread_first(), session_first():
        stop_and_kill(os.getpid())
    signal.signal(NOW, kill_now)


def end_descendants() -> None:
    """Kills the processes that the task left running, until only those are left that may not be signalled."""
    signal.signal(NOW, signal.SIG_IGN)
    with thread_first(), session_first():
        while True:
            killed = stop_and_kill(os.getpid())
            try:
                if killed:
                    os.waitpid(-1, 0)
                reap(REAP_SECONDS if killed else 0)
            except ChildProcessError:
                return
            if not killed:
                return


def reap(seconds: float) -> None:
    """Reaps the children that have ended, or end within ``seconds``. Raises `ChildProcessError` when none is left."""
    until = time.monotonic() + seconds
    while True:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        if time.monotonic() >= until:
            return
        time.sleep(0.005)


@contextlib.contextmanager
def thread_first() -> Iterator[None]:
    """Raises this thread's priority in its control group, as far as allowed: the processes that it is about to kill may
    be thousands that run. It does little, so it delays others only briefly.
    """
    thread = get_native_id()
    usual = os.getpriority(os.PRIO_PROCESS, thread)
    with contextlib.suppress(OSError):  # this agent is not root
        os.setpriority(os.PRIO_PROCESS, thread, FIRST)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, usual)


@contextlib.contextmanager
def session_first() -> Iterator[None]:
    """The same for the session of this process. In the root of the control groups the kernel shares processor time by
    sessions first, so a task that forks into many sessions would get many shares. Only for a process that is alone in
    its session: other processes would keep the priority if it were killed meanwhile.
    """
    usual = session_nice()
    if usual:
        set_session_nice(b"%d" % FIRST)
    try:
        yield
    finally:
        if usual:
            set_session_nice(usual)


def set_session_nice(value: bytes) -> None:
    with contextlib.suppress(OSError):  # this agent is not root
        descriptor = os.open(AUTOGROUP, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value)
        finally:
            os.close(descriptor)


def session_nice() -> bytes:
    """Empty where the kernel does not share by sessions: the file is missing, or it is empty for a session without a
    group (the first session, and those that began before the kernel did so).
    """
    try:
        words = content(AUTOGROUP).split()
    except OSError:
        return b""
    return words[-1] if words else b""


def stop_and_kill(root: int) -> int:
    """One round against the descendants of ``root``, bounded in time. Returns how many were killed. All are stopped
    before any is killed, and stopping is repeated until no new one is found: otherwise processes that fork faster than
    they are found would outlive every round. A process group is stopped and killed in one step.
    """
    until = time.monotonic() + STOP_SECONDS
    kept = {os.getpgrp()}
    with contextlib.suppress(ProcessLookupError):  # it has ended
        kept.add(os.getpgid(root))
    known: set[int] = set()
    groups: set[int] = set()
    while stop_new(root, known, groups, kept) and time.monotonic() < until:
        pass
    for group in groups:
        send_group(group, signal.SIGKILL)
    return sum(send(pid, signal.SIGKILL) for pid in known)


def stop_new(root: int, known: set[int], groups: set[int], kept: set[int]) -> bool:
    """Stops the descendants of ``root`` that are not ``known`` yet, and their process groups, except those that are
    ``kept``. Returns whether there were any. Each is stopped before its children are read, so that it has no further
    children. So only children of the new ones, and orphans (whose parent is now ``root``), can be new.
    """
    children = children_listed if os.path.exists("/proc/thread-self/children") else children_scanned()
    wave = [root]
    any_new = False
    while wave:
        found = list({pid: None for parent in wave for pid in children(parent) if pid not in known})
        known.update(found)
        stop(found, groups, kept)
        any_new = any_new or bool(found)
        wave = found
    return any_new


def stop(pids: list[int], groups: set[int], kept: set[int]) -> None:
    """Stops these processes, and their process groups unless these are in ``groups`` or ``kept``; adds the groups to
    ``groups``. The running ones take processor time from this process, so it uses as few calls as possible.
    """
    of = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            of[pid] = os.getpgid(pid)
    new = set(of.values()) - groups - kept
    groups |= new
    # If nearly every process has its own group, stopping one by one takes fewer calls; other members of the groups
    # follow.
    apart = 2 * len(new) > len(of)
    if not apart:
        for group in new:
            send_group(group, signal.SIGSTOP)
    for pid, group in of.items():
        if apart or group not in new:
            send(pid, signal.SIGSTOP)
    if apart:
        for group in new:
            send_group(group, signal.SIGSTOP)


def signal_descendants(root: int, number: int, known: set[int]) -> set[int]:
    """Signals each descendant of ``root`` that is not ``known``, as soon as it is found. Returns those that it could
    signal.
    """
    children = children_listed if os.path.exists("/proc/thread-self/children") else children_scanned()
    signalled: set[int] = set()
    seen = {root}
    wave = [root]
    while wave:
        found = []
        for parent in wave:
            for pid in children(parent):
                if pid not in seen:
                    seen.add(pid)
                    found.append(pid)
                    if pid not in known and send(pid, number):
                        signalled.add(pid)
        wave = found
    return signalled


def send(pid: int, number: int) -> bool:
    """Returns whether it was signalled. False for a process that has ended, or that now has another user."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def send_group(group: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, number)


def children_listed(pid: int) -> list[int]:
    """The process's children, those of all its threads, as the kernel lists them."""
    folder = f"/proc/{pid}/task"
    try:
        # The number of links gives the number of threads: most processes have one, and listing them costs more than all
        # the rest.
        threads = [str(pid)] if os.stat(folder).st_nlink == 3 else os.listdir(folder)
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        with contextlib.suppress(OSError):
            found += map(int, content(f"{folder}/{thread}/children").split())
    return found


def content(path: str) -> bytes:
    """As `open` and ``read``, at a third of the cost."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = part = os.read(descriptor, 1 << 16)
        while len(part) > HALF_PAGE:  # the kernel stops before the end only where a page is full
            part = os.read(descriptor, 1 << 16)
            text += part
        return text
    finally:
        os.close(descriptor)


def children_scanned() -> Callable[[int], list[int]]:
    """The same for kernels without that list: by reading all processes once."""
    table: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = stat(int(entry))
            if fields:
                table.setdefault(int(fields[1]), []).append(int(entry))
    return lambda pid: table.get(pid, [])


def identity(pid: int) -> dict[str, int]:
    fields = stat(pid)
    return {"pid": pid, "started": int(fields[19])} if fields else {"pid": pid, "started": 0}


def stat(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            text = file.read()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def keep(path: str, value: dict[str, object]) -> None:
    """As `write`, but tries again while the disk is full or broken: no other process knows how the task ended."""
    while True:
        try:
            write(path, value)
            return
        except FileNotFoundError:  # the container was removed meanwhile
            return
        except OSError:
            time.sleep(AGAIN_SECONDS)


def write(path: str, value: dict[str, object]) -> None:
    aside = path + ".new"
    with open(aside, "w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(aside, path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
