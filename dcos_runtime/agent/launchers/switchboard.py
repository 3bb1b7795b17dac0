"""Holds the terminal of a container for as long as that runs, whatever becomes of the agent. Started by file path; the
standard library only.

``switchboard.py FOLDER WINDOW OWNER CONTROL_FD OUTPUT_FD``: FOLDER is the container's, WINDOW the terminal's size as
the kernel takes it, in hexadecimal digits. OWNER is a uid: this process makes the terminal; or ``-``: an OCI runtime
makes it, and sends it to the socket `CONSOLE`. It tells the control socket ``{"terminal": …}``, its path or null. When
that is closed before the agent has said that the container is made, this process ends. From then on it writes all that
the container prints to OUTPUT_FD, and to everybody who connects to the socket `DOOR`: who does gets the terminal first
(to write to, and to give another size), and then the bytes. It ends when no process has the terminal open any more.
"""

# One such process runs beside each task with a terminal: pathlib would cost each of them memory.
# ruff: noqa: PTH100, PTH108, PTH118, PTH120

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import sys
import termios
import time

if __name__ == "__main__":
    sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3)))

from dcos_runtime.agent.launchers import supervisor

CONSOLE = "console.sock"
DOOR = "terminal.sock"
WHO = "switchboard.json"
"""Names in the container's folder: sockets, and which process this is."""

BLOCK = 64 * 1024

MOST_UNREAD = 1 << 20
"""Bytes that one reader may leave unread: a reader that falls further behind is cut off. The container waits for none.
"""

MOST_A_SECOND = 16 << 20
"""Bytes a second that are passed on. Who prints faster waits: the processor time of this process is not the
container's.
"""

LAST_SECONDS = 5.0
"""How long readers have for the last bytes."""


def main(argv: list[str]) -> int:
    folder, window, owner, control, output = argv[0], bytes.fromhex(argv[1]), argv[2], int(argv[3]), int(argv[4])
    os.setsid()
    if os.fork():
        return 0
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(supervisor.PR_SET_NAME, b"dcos-terminal", 0, 0, 0)
    with open("/proc/sys/kernel/random/boot_id") as file:  # noqa: PTH123
        boot = file.read().strip()
    supervisor.write(os.path.join(folder, WHO), {"boot": boot, **supervisor.identity(os.getpid())})
    agent = socket.socket(fileno=control)
    listener = listening(folder, DOOR)
    terminal = made(agent, folder, owner)
    if terminal is None:
        return 1
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, window)
    os.set_blocking(terminal, False)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    Switchboard(terminal, listener, output).run()
    with contextlib.suppress(FileNotFoundError):  # the container was removed meanwhile
        os.unlink(os.path.join(folder, DOOR))
    return 0


def listening(folder: str, name: str) -> socket.socket:
    """By way of /proc, because a path of a socket may have 107 bytes at the most."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.bind(f"/proc/self/fd/{opened}/{name}")
    os.close(opened)
    listener.listen(16)
    listener.setblocking(False)
    return listener


def made(agent: socket.socket, folder: str, owner: str) -> int | None:
    """The side of the terminal that no process of the container has; ``None``: there is no container."""
    terminal = slave = console = None
    if owner == "-":
        console = listening(folder, CONSOLE)
        agent.sendall(b'{"terminal": null}\n')
    else:
        terminal, slave = os.openpty()
        if os.geteuid() == 0:
            os.fchown(slave, int(owner), -1)
        agent.sendall(json.dumps({"terminal": os.ttyname(slave)}).encode() + b"\n")
    waiting = [agent] if console is None else [agent, console]
    while True:
        ready, _, _ = select.select(waiting, [], [])
        if console in ready:
            assert console is not None
            connection, _ = console.accept()
            connection.setblocking(True)
            _, (terminal, *_), _, _ = socket.recv_fds(connection, 4096, 1)
            connection.close()
            waiting = [agent]
        elif agent in ready:
            said = agent.recv(16)
            agent.close()
            if slave is not None:  # from now on a process of the container has it open
                os.close(slave)
            return terminal if said else None


class Switchboard:
    """``terminal``: the side that no process of the container has. ``output``: what is printed is kept there."""

    def __init__(self, terminal: int, listener: socket.socket, output: int) -> None:
        self.terminal = terminal
        self.listener = listener
        self.output = output
        self.readers: dict[int, tuple[socket.socket, bytearray]] = {}
        self.poll = select.poll()

    def run(self) -> None:
        self.poll.register(self.terminal, select.POLLIN)
        self.poll.register(self.listener, select.POLLIN)
        second, passed = time.monotonic(), 0
        while True:
            for descriptor, event in self.poll.poll():
                if descriptor == self.listener.fileno():
                    self.let_in()
                elif descriptor in self.readers:
                    self.send(descriptor, gone=bool(event & (select.POLLIN | select.POLLHUP | select.POLLERR)))
                elif descriptor == self.terminal:
                    data = self.read()
                    if data is None:
                        self.finish()
                        return
                    passed += len(data)
                    self.pass_on(data)
            now = time.monotonic()
            if passed > MOST_A_SECOND:
                time.sleep(max(0.0, second + 1 - now))
            if passed > MOST_A_SECOND or now - second > 1:
                second, passed = time.monotonic(), 0

    def read(self) -> bytes | None:
        """``None``: no process has the terminal open any more."""
        try:
            return os.read(self.terminal, BLOCK) or None
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:
                return None
            raise

    def pass_on(self, data: bytes) -> None:
        rest = data
        with contextlib.suppress(OSError):  # the disk is full: who reads gets it nevertheless
            while rest:
                rest = rest[os.write(self.output, rest) :]
        for descriptor, (_, waiting) in list(self.readers.items()):
            waiting += data
            self.send(descriptor)

    def let_in(self) -> None:
        with contextlib.suppress(OSError):
            reader, _ = self.listener.accept()
            reader.setblocking(False)
            try:
                socket.send_fds(reader, [b"t"], [self.terminal])
            except OSError:
                reader.close()
                return
            self.readers[reader.fileno()] = reader, bytearray()
            self.poll.register(reader, select.POLLIN)

    def send(self, descriptor: int, gone: bool = False) -> None:
        """What one reader has not been given yet, as far as it takes it."""
        reader, waiting = self.readers[descriptor]
        try:
            if gone and not reader.recv(1):
                raise BrokenPipeError
            if waiting:
                del waiting[: reader.send(waiting)]
        except BlockingIOError:
            pass
        except OSError:
            waiting.clear()
            self.drop(descriptor)
            return
        if len(waiting) > MOST_UNREAD:
            self.drop(descriptor)
        else:
            self.poll.modify(reader, select.POLLIN | (select.POLLOUT if waiting else 0))

    def drop(self, descriptor: int) -> None:
        self.poll.unregister(descriptor)
        self.readers.pop(descriptor)[0].close()

    def finish(self) -> None:
        """The last bytes are for those who are there."""
        self.poll.unregister(self.terminal)
        self.poll.unregister(self.listener)
        self.listener.close()
        until = time.monotonic() + LAST_SECONDS
        while any(waiting for _, waiting in self.readers.values()) and (left := until - time.monotonic()) > 0:
            for descriptor, event in self.poll.poll(left * 1000):
                self.send(descriptor, gone=bool(event & (select.POLLIN | select.POLLHUP | select.POLLERR)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
