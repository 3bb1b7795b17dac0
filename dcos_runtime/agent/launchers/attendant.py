"""Starts one process in a running container and waits for it. Started by file path; the standard library only.

``attendant.py SPEC CONTROL_FD``: waits until the agent writes to the control socket, starts the process that SPEC
describes, and reports ``{"pid": …}`` (with the terminal, if it has one) or ``{"error": …}``; at its end ``{"status":
…}``, a wait status. When the agent closes the socket, or is gone, the process is killed. This process is the parent of
what it starts, and of the plain process's orphans; so it kills all of these at the end. What is left of a process of an
OCI container is found by its control group, by the agent.
"""

# ruff: noqa: E402, PTH100, PTH108, PTH118, PTH120, PTH123

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import sys
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3)))

from dcos_runtime.agent.launchers import supervisor

LONGEST = 64 * 1024
"""Bytes of one report."""

CONSOLE = "console"
"""The name, in the folder of SPEC, of the socket over which an OCI runtime sends the terminal. In the command of SPEC
this word stands for the socket's path.
"""


def main(argv: list[str]) -> int:
    path, control = argv[0], socket.socket(fileno=int(argv[1]))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, noted)  # not ignored: what is executed would inherit that
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    if not control.recv(16):
        return 1
    with open(path) as file:
        spec = json.load(file)
    os.unlink(path)
    supervisor.adopt_orphans(b"dcos-attendant")
    attendant = Attendant(control, woken)
    try:
        if "runtime" in spec:
            pid, terminal = attendant.run_in_container(spec, os.path.dirname(path))
        else:
            pid, terminal = attendant.run_beside(spec)
    except Unwanted:
        supervisor.end_descendants()
        return 1
    except OSError as error:
        said = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
        report(control, {"error": said[: LONGEST // 8]})
        supervisor.end_descendants()
        return 1
    socket.send_fds(control, [json.dumps({"pid": pid}).encode()], [] if terminal is None else [terminal])
    if terminal is not None:
        os.close(terminal)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):  # the pipes are the process's now
        os.dup2(null, descriptor)
    try:
        status = attendant.until_ended(pid)
    except Unwanted:
        os.kill(pid, signal.SIGKILL)  # it was not waited for, so the pid is still its own
        status = os.waitpid(pid, 0)[1]
    supervisor.end_descendants()
    report(control, {"status": status})
    return 0


class Unwanted(Exception):
    """The agent wants no more of it, or is gone."""


class Attendant:
    """``control``: the agent. ``woken``: a pipe that is written to at each signal."""

    def __init__(self, control: socket.socket, woken: int) -> None:
        self.control = control
        self.woken = woken
        self.ended: dict[int, int] = {}

    def until_ended(self, pid: int) -> int:
        """Waits for a child, reaping all that end meanwhile. Returns its wait status. Raises `Unwanted`."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.woken, select.POLLIN)
        while True:
            self.reap()
            if pid in self.ended:
                return self.ended[pid]
            for descriptor, _ in poll.poll():
                if descriptor == self.woken:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self.woken, 1024)
                elif number := self.control.recv(16):  # a signal for the process that was started
                    with contextlib.suppress(OSError, ValueError):
                        os.kill(pid, int(number))
                else:
                    raise Unwanted

    def reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self.ended[pid] = status

    def run_in_container(self, spec: dict[str, Any], folder: str) -> tuple[int, int | None]:
        """By the OCI runtime, which ends when the process runs. Raises ``OSError`` and `Unwanted`."""
        argv, listener = list(spec["runtime"]), None
        if spec["window"]:
            # By way of /proc, because a path of a socket may have 107 bytes at the most.
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            listener.bind(f"/proc/self/fd/{opened}/{CONSOLE}")
            listener.listen(1)
            listener.setblocking(False)
            argv = [f"/proc/{os.getpid()}/fd/{opened}/{CONSOLE}" if part == CONSOLE else part for part in argv]
        runtime = os.posix_spawn(argv[0], argv, {"PATH": os.environ.get("PATH", "")})
        if self.until_ended(runtime):
            raise OSError(0, said_last(spec["log"]))
        with open(spec["pid_file"]) as file:
            pid = int(file.read())
        if listener is None:
            return pid, None
        connection, _ = listener.accept()
        connection.setblocking(True)
        _, (terminal, *_), _, _ = socket.recv_fds(connection, 4096, 1)
        return pid, terminal

    def run_beside(self, spec: dict[str, Any]) -> tuple[int, int | None]:
        """As a plain process. Raises ``OSError`` and `Unwanted`."""
        failed, failing = os.pipe2(os.O_CLOEXEC)
        terminal = slave = None
        if spec["window"]:
            terminal, slave = os.openpty()
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, bytes.fromhex(spec["window"]))
            if spec["user"] is not None:
                os.fchown(slave, spec["user"]["uid"], -1)
        child = os.fork()
        if child == 0:
            self.control.close()
            become(spec, slave, failing)
        os.close(failing)
        if slave is not None:
            os.close(slave)
        with open(failed, "rb") as file:
            if said := file.read(4096):
                raise OSError(0, said.decode(errors="surrogateescape"))
        return child, terminal


def become(spec: dict[str, Any], slave: int | None, failing: int) -> None:
    """In the child. Never returns."""
    try:
        signal.set_wakeup_fd(-1)
        if slave is None:
            os.setsid()
        else:
            os.login_tty(slave)
        supervisor.execute_as(spec, keep=failing)
    except (OSError, StopIteration) as error:
        why = getattr(error, "strerror", "") or "No such file or directory"
        os.write(failing, f"cannot run {spec['program']}: {why}".encode(errors="surrogateescape"))
    finally:
        os._exit(supervisor.CANNOT_RUN)


def noted(number: int, frame: object) -> None:
    """The wakeup descriptor says it."""


def report(control: socket.socket, value: dict[str, object]) -> None:
    with contextlib.suppress(OSError):
        control.send(json.dumps(value).encode())


def said_last(log: str) -> str:
    """The last message of the runtime's log, of which each line is a JSON object."""
    said = "the runtime started no process, and said nothing"
    with contextlib.suppress(OSError), open(log, errors="replace") as file:
        for line in file:
            with contextlib.suppress(ValueError):
                said = str(json.loads(line).get("msg", "")) or said
    return said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
